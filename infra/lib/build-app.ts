/** The app that we ship. Nothing of an account is looked up and nothing is uploaded: it synthesizes anywhere, offline,
 *  and CloudFormation alone can deploy its template. */
import { App, DefaultStackSynthesizer, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ImageStack } from './image-stack.ts';
import { contextOf, type MeterContext } from './meter-context.ts';
import { MeterStack } from './meter-stack.ts';

/** CDK's newer behaviour, where ours depends on it. Not among them: that which empties the default security group, by a
 *  Lambda function of its own; nothing of ours is in that group. */
const FEATURE_FLAGS = {
  '@aws-cdk/core:validateAgainstDefaultRules': true,
  '@aws-cdk/aws-iam:minimizePolicies': true,
  '@aws-cdk/aws-ecs:removeDefaultDeploymentAlarm': true,
};

export interface BuiltApp {
  readonly app: App;
  readonly images: ImageStack;
  readonly meter: MeterStack;
}

/** `context`: instead of CDK's own. */
export function buildApp(context?: MeterContext): BuiltApp {
  const app = new App({ analyticsReporting: false, context: FEATURE_FLAGS });
  const synthesizer = () => new DefaultStackSynthesizer({ generateBootstrapVersionRule: false });
  const images = new ImageStack(app, 'supersim-meter-images', {
    synthesizer: synthesizer(),
    description: 'supersim-meter: where its images are kept',
    repositoryName: 'supersim-meter',
  });
  const meter = new MeterStack(app, 'supersim-meter', {
    synthesizer: synthesizer(),
    description: 'supersim-meter: Super SIM Connection Events to exact usage per session',
    context: context ?? contextOf(app),
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return { app, images, meter };
}
