import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { Repository, RepositoryEncryption, TagMutability } from 'aws-cdk-lib/aws-ecr';
import type { Construct } from 'constructs';

const IMAGES_KEPT = 30;

/** Where images are pushed: before the workers' stack, whose service starts only with an image. */
export class ImageStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { readonly repositoryName: string }) {
    super(scope, id, props);
    const repository = new Repository(this, 'Repository', {
      repositoryName: props.repositoryName,
      imageTagMutability: TagMutability.IMMUTABLE,
      imageScanOnPush: true,
      encryption: RepositoryEncryption.AES_256,
      lifecycleRules: [{ description: 'enough to go back', maxImageCount: IMAGES_KEPT }],
      removalPolicy: RemovalPolicy.RETAIN,
    });
    new CfnOutput(this, 'RepositoryUri', { value: repository.repositoryUri, description: 'push here' });
  }
}
