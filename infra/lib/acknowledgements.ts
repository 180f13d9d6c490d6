/** Findings of cdk-nag that are as we want them, each on its own resource and with the reason. */
import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { SupersimMeter } from './supersim-meter.ts';

function acknowledge(construct: IConstruct, id: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions::AwsSolutions-${id}`, reason });
}

export function acknowledgeMeter({ workers, stream, roles, isFanOut }: SupersimMeter): void {
  const { taskDefinition } = workers.service;
  acknowledge(
    taskDefinition,
    'ECS2',
    'The environment holds names and numbers, and no secret: credentials come from the task’s role.',
  );
  if (taskDefinition.executionRole)
    acknowledge(
      taskDefinition.executionRole,
      'IAM5[Resource::*]',
      'ecr:GetAuthorizationToken is allowed on no resource; images and logs are named.',
    );
  acknowledge(
    stream,
    'KDS3',
    'A key of its own lets the vendor’s role encrypt what it puts, and nothing else; AWS’s key cannot be given to another account.',
  );
  if (isFanOut)
    acknowledge(
      roles.worker,
      `IAM5[Resource::arn:<AWS::Partition>:kinesis:<AWS::Region>:<AWS::AccountId>:stream/${stream.streamName}/consumer/*]`,
      'A consumer’s ARN ends with the time at which the worker registered it.',
    );
}
