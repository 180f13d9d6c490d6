/** A document client over the simulated engine that takes time and has DynamoDB's limit for one partition key: what is
 *  written to it beyond 1,000 write units in a second is throttled, statement by statement, as AWS does it.
 *  Source: DynamoDB developer guide, "Designing partition keys to distribute your workload" (bp-partition-key-design). */
import { BatchExecuteStatementCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Clock } from '../../src/time.ts';
import { parseStatement } from '../simulation/dynamodb/partiql.ts';
import { SimDynamoDb } from '../simulation/sim-dynamodb.ts';

export const UNITS_PER_SECOND_MAX = 1_000;
const PARTITION_KEYS = ['data_session_sid', 'item_key', 'sim_sid'];

type Command = { readonly input: { readonly Statements?: readonly StatementInput[] } };
type StatementInput = Parameters<SimDynamoDb['execute']>[0];

export class LimitedTable {
  readonly engine: SimDynamoDb;
  /** By partition key: its busiest second. Unit: write units. */
  readonly busiest = new Map<string, number>();
  throttled = 0;
  /** Statements that were written. */
  writes = 0;
  private readonly clock: Clock;
  private readonly latencyMs: number;
  private readonly unitsMax: number;
  private readonly spent = new Map<string, { second: number; units: number }>();
  private units = 0;

  constructor(
    clock: Clock,
    { latencyMs, unitsMax = UNITS_PER_SECOND_MAX }: { latencyMs: number; unitsMax?: number },
  ) {
    this.clock = clock;
    this.latencyMs = latencyMs;
    this.unitsMax = unitsMax;
    this.engine = new SimDynamoDb(clock);
  }

  get client(): DynamoDBDocumentClient {
    const send = async (command: Command): Promise<unknown> => {
      await this.clock.sleep(this.latencyMs);
      if (!(command instanceof BatchExecuteStatementCommand)) return this.engine.apply(command);
      const { Statements = [] } = command.input as Command['input'];
      return { Responses: Statements.map((statement) => this.execute(statement)) };
    };
    return { send } as unknown as DynamoDBDocumentClient;
  }

  private execute(statement: StatementInput): object {
    const parsed = parseStatement(statement.Statement);
    const [names, from] = parsed.kind === 'insert' ? [parsed.names, 0] : [parsed.where, parsed.sets.length];
    const at = names.findIndex(
      (name) => PARTITION_KEYS.includes(name) && this.isKeyOf(parsed.tableName, name),
    );
    const partition = `${parsed.tableName} ${String(statement.Parameters?.[from + at])}`;
    const second = Math.floor(this.clock.monotonicMs() / 1_000);
    const spent = this.spent.get(partition);
    const before = spent?.second === second ? spent.units : 0;
    if (before >= this.unitsMax) {
      this.throttled += 1;
      return { Error: { Code: 'ThrottlingError', Message: 'a hot partition' } };
    }
    const unitsBefore = this.engine.consumed(parsed.tableName).write;
    const answer = this.engine.execute(statement);
    this.units = this.engine.consumed(parsed.tableName).write - unitsBefore;
    this.spent.set(partition, { second, units: before + this.units });
    this.busiest.set(partition, Math.max(this.busiest.get(partition) ?? 0, before + this.units));
    this.writes += 1;
    return answer;
  }

  private isKeyOf(tableName: string, name: string): boolean {
    const isOfSessions = tableName.endsWith('-sessions');
    return isOfSessions ? name === 'data_session_sid' : name !== 'data_session_sid';
  }
}
