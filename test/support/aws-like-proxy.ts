/** Stands before an embedded engine and says what AWS would say where the engine knows nothing: encryption, backups,
 *  the time, and no to whoever lacks a permission. */
import { internalError, type Service } from './fault-answers.ts';
import type { Answer, Json } from './recorded-call.ts';
import { type Exchange, RecordingProxy } from './recording-proxy.ts';

export interface AwsLikeOptions {
  readonly service: Service;
  readonly upstream: string;
  /** Operations that are refused; `*`: all. */
  readonly denied?: readonly string[];
  /** How far the service's clock is ahead of ours. Unit: ms. */
  readonly aheadMs?: number;
}

const json = (answer: Answer, body: Json): Answer => ({ ...answer, body: Buffer.from(JSON.stringify(body)) });

const BACKUPS = {
  ContinuousBackupsDescription: {
    ContinuousBackupsStatus: 'ENABLED',
    PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'ENABLED' },
  },
};

export class AwsLikeProxy extends RecordingProxy {
  private readonly options: AwsLikeOptions;

  static async open(options: AwsLikeOptions): Promise<AwsLikeProxy> {
    const proxy = new AwsLikeProxy(options);
    await proxy.listen();
    return proxy;
  }

  private constructor(options: AwsLikeOptions) {
    super(options.service, options.upstream);
    this.options = options;
  }

  protected override async handle(exchange: Exchange): Promise<void> {
    const { aheadMs = 0 } = this.options;
    const { headers, ...answer } = await this.answer(exchange);
    const date = new Date(Date.now() + aheadMs).toUTCString();
    exchange.reply({ ...answer, headers: { ...headers, date } });
  }

  private async answer(exchange: Exchange): Promise<Answer> {
    const { denied = [], service } = this.options;
    const { operation } = exchange.call;
    if (denied.includes('*') || denied.includes(operation)) {
      const message = `User: arn:aws:iam::000000000000:role/worker is not authorized to perform: ${operation}`;
      return json({ ...internalError(service), status: 400 }, { __type: 'AccessDeniedException', message });
    }
    if (operation === 'DescribeContinuousBackups')
      return json({ ...internalError(service), status: 200 }, BACKUPS);
    const answer = await exchange.forward();
    if (operation !== 'DescribeStreamSummary' || answer.status !== 200) return answer;
    const { StreamDescriptionSummary: summary } = exchange.call.response as {
      StreamDescriptionSummary: Json;
    };
    const KeyId = 'alias/aws/kinesis';
    return json(answer, { StreamDescriptionSummary: { ...summary, EncryptionType: 'KMS', KeyId } });
  }
}
