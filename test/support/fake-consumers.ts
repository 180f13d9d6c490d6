/** The registered consumers of one stream in memory, as the SDK's client or as Kinesis's JSON calls. */
import {
  DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  RegisterStreamConsumerCommand,
} from '@aws-sdk/client-kinesis';
import type { KinesisSender } from '../../src/source/kinesis-reader.ts';
import { awsError } from './fake-kinesis.ts';

const STREAM_ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/supersim-events';

export class FakeConsumers {
  readonly calls: string[] = [];
  /** How many descriptions a new consumer needs to become ACTIVE. */
  descriptionsUntilActive = 0;
  private readonly consumers = new Map<string, { arn: string; creating: number }>();
  private readonly faults: { operation: string; error: Error }[] = [];
  private registrations = 0;

  get client(): KinesisSender {
    return {
      send: async (command: { input: Record<string, unknown> }) => {
        await Promise.resolve();
        if (command instanceof DescribeStreamSummaryCommand)
          return this.perform('DescribeStreamSummary', command.input);
        if (command instanceof DescribeStreamConsumerCommand)
          return this.perform('DescribeStreamConsumer', command.input);
        if (command instanceof RegisterStreamConsumerCommand)
          return this.perform('RegisterStreamConsumer', command.input);
        throw new Error('the fake knows no such command');
      },
    } as unknown as KinesisSender;
  }

  failNext(operation: string, ...errors: Error[]): void {
    this.faults.push(...errors.map((error) => ({ operation, error })));
  }

  register(name: string): string {
    this.registrations += 1;
    const arn = `${STREAM_ARN}/consumer/${name}:${this.registrations}`;
    this.consumers.set(name, { arn, creating: this.descriptionsUntilActive });
    return arn;
  }

  deregister(name: string): void {
    this.consumers.delete(name);
  }

  isActive(arn: string): boolean {
    return [...this.consumers.values()].some((consumer) => consumer.arn === arn);
  }

  perform(operation: string, input: object): object {
    const { ConsumerName: name = '' } = input as { ConsumerName?: string };
    this.calls.push(operation);
    const at = this.faults.findIndex((fault) => fault.operation === operation);
    const fault = at < 0 ? undefined : this.faults.splice(at, 1)[0];
    if (fault) throw fault.error;
    if (operation === 'DescribeStreamSummary')
      return { StreamDescriptionSummary: { StreamARN: STREAM_ARN, StreamStatus: 'ACTIVE' } };
    const consumer = this.consumers.get(name);
    if (operation === 'RegisterStreamConsumer') {
      if (consumer) throw awsError('ResourceInUseException');
      return { Consumer: { ConsumerARN: this.register(name), ConsumerStatus: 'CREATING' } };
    }
    if (operation !== 'DescribeStreamConsumer') throw awsError('UnknownOperationException');
    if (!consumer) throw awsError('ResourceNotFoundException');
    const status = consumer.creating > 0 ? 'CREATING' : 'ACTIVE';
    consumer.creating -= 1;
    return { ConsumerDescription: { ConsumerARN: consumer.arn, ConsumerStatus: status } };
  }
}
