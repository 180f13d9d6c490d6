/** A recording proxy that denies what a policy does not allow, as AWS would, and writes down what of the policy was
 *  used. Denies by default: also what it does not know. */
import { type Needed, PermissionReader } from './needed-permissions.ts';
import type { RecordedCall } from './recorded-call.ts';
import { type Exchange, RecordingProxy } from './recording-proxy.ts';
import { type Allowed, isAllowed } from './role-policy.ts';

export class PolicyUse {
  readonly policy: readonly Allowed[];
  readonly used = new Set<Allowed>();
  /** `action on resource`, or why a call was not understood. */
  readonly denied = new Set<string>();

  constructor(policy: readonly Allowed[]) {
    this.policy = policy;
  }

  /** Whether all of it is allowed. */
  permit(needed: readonly Needed[]): boolean {
    const found = needed.map((need) => ({ need, allowed: isAllowed(this.policy, need) }));
    for (const { need, allowed } of found)
      if (allowed) this.used.add(allowed);
      else this.denied.add(`${need.action} on ${need.resource}`);
    return found.every(({ allowed }) => allowed);
  }

  /** `action on resource` of what was allowed and never used. */
  unused(): readonly string[] {
    return this.policy
      .filter((allowed) => !this.used.has(allowed))
      .map(({ action, resource }) => `${action} on ${resource}`)
      .sort();
  }
}

export class GuardingProxy extends RecordingProxy {
  private readonly service: 'kinesis' | 'dynamodb';
  private readonly use: PolicyUse;
  private readonly reader = new PermissionReader();

  static async open(
    service: 'kinesis' | 'dynamodb',
    upstream: string,
    use: PolicyUse,
  ): Promise<GuardingProxy> {
    const proxy = new GuardingProxy(service, upstream, use);
    await proxy.listen();
    return proxy;
  }

  private constructor(service: 'kinesis' | 'dynamodb', upstream: string, use: PolicyUse) {
    super(service, upstream);
    this.service = service;
    this.use = use;
  }

  protected override async handle(exchange: Exchange): Promise<void> {
    const { call } = exchange;
    if (!this.isPermitted(call)) {
      const body = Buffer.from(
        JSON.stringify({
          __type: 'AccessDeniedException',
          message: `User is not authorized to perform: ${this.service}:${call.operation}`,
        }),
      );
      exchange.reply({ status: 400, headers: { 'content-type': 'application/x-amz-json-1.1' }, body });
      return;
    }
    const answer = await exchange.forward();
    if (this.service === 'kinesis') this.reader.answered(call);
    exchange.reply(answer);
  }

  private isPermitted(call: RecordedCall): boolean {
    try {
      return this.use.permit(this.reader.neededBy(call, this.service === 'kinesis'));
    } catch (error) {
      this.use.denied.add(`${call.operation}: ${(error as Error).message}`);
      return false;
    }
  }
}
