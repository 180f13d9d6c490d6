import { CfnParameter, Stack, type StackProps } from 'aws-cdk-lib';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import type { Construct } from 'constructs';
import { acknowledgeMeter } from './acknowledgements.ts';
import { type MeterContext, meterPropsOf } from './meter-context.ts';
import { SupersimMeter } from './supersim-meter.ts';

export interface MeterStackProps extends StackProps {
  readonly context: MeterContext;
}

/** The construct with what differs from account to account as parameters, so that its template serves everyone. */
export class MeterStack extends Stack {
  readonly meter: SupersimMeter;

  constructor(scope: Construct, id: string, { context, ...props }: MeterStackProps) {
    super(scope, id, props);
    const repositoryName = this.parameter('ImageRepository', 'ECR repository of the image', {
      default: 'supersim-meter',
    });
    this.meter = new SupersimMeter(this, 'Meter', {
      ...meterPropsOf(this, context),
      image: {
        repository: Repository.fromRepositoryName(this, 'Repository', repositoryName),
        digest: this.parameter('ImageDigest', 'the image’s digest: what runs is what was pushed', {
          allowedPattern: '^sha256:[0-9a-f]{64}$',
        }),
      },
      vendor: {
        accountId: this.parameter(
          'VendorAccountId',
          'AWS account from which the vendor puts: its console says',
          {
            allowedPattern: '^[0-9]{12}$',
          },
        ),
        externalId: this.parameter(
          'VendorExternalId',
          'secret that the vendor’s sink says; at least 32 characters',
          {
            noEcho: true,
            minLength: 32,
            maxLength: 1224,
            allowedPattern: '^[\\w+=,.@:/-]+$',
          },
        ),
      },
    });
    acknowledgeMeter(this.meter);
  }

  private parameter(
    id: string,
    description: string,
    rules: ConstructorParameters<typeof CfnParameter>[2],
  ): string {
    return new CfnParameter(this, id, { type: 'String', description, ...rules }).valueAsString;
  }
}
