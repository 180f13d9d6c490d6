/** What the doctor's checks share. */
import type { AwsClients } from '../aws-clients.ts';
import type { Config } from '../config.ts';
import type { TableDefinition } from '../store/tables.ts';
import type { Clock, Random } from '../time.ts';

export interface DoctorDeps {
  readonly clients: AwsClients;
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Like `20.19.1`. */
  readonly nodeVersion: string;
}

/** A stream as it was described. */
export interface StreamFacts {
  readonly stream: string;
  readonly arn: string;
  readonly retentionMs: number;
  readonly createdAtMs: number | undefined;
  /** The key that its records are encrypted with. */
  readonly keyId: string | undefined;
}

/** A table that is there, in its shape. */
export interface TableFacts {
  readonly definition: TableDefinition;
  readonly arn: string;
}
