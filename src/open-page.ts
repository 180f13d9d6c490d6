/** The page, built from the settings. It has AWS clients of its own: what it reads must not use up the retries of the
 *  work. */
import {
  type AwsClients,
  type ClientLimits,
  type ClientName,
  type ClientOptions,
  endpointOverrides,
} from './aws-clients.ts';
import type { Config } from './config.ts';
import { openFleet } from './fleet/open-fleet.ts';
import type { HttpServerDeps } from './ops/http-server.ts';
import { Page } from './page/page.ts';
import { loadAssets } from './page/page-assets.ts';
import { SessionFinder } from './page/session-finder.ts';
import type { Now, ShapedHappening } from './page/shapes.ts';
import { ItemReader } from './reader/item-reader.ts';
import { createReader } from './reader/reader.ts';
import { readerTables } from './reader/reader-tables.ts';
import { tableNames } from './store/tables.ts';
import type { Clock, Random } from './time.ts';
import { VERSION } from './version.ts';

/** Short: a page that waits shows nothing. */
const LIMITS: ClientLimits = { connectionTimeoutMs: 1_000, requestTimeoutMs: 2_000, attemptsMax: 2 };
export const PAGE_CLIENT_LIMITS: Readonly<Record<ClientName, ClientLimits>> = {
  leases: LIMITS,
  data: LIMITS,
  kinesis: LIMITS,
};

type PageClients = Pick<AwsClients, 'dynamodb' | 'kinesis' | 'data' | 'close'>;

export interface OpenPageDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly createClients: (options: ClientOptions) => PageClients;
}

export interface PageOptions {
  readonly place: Now['place'];
  readonly others?: () => readonly ShapedHappening[];
}

type PageSettings = Pick<Config, 'stream' | 'application' | 'tablePrefix' | 'failoverTimeMs'>;

/** What a door calls when it opens. */
export type PageMaker = (door: HttpServerDeps) => Page;

/** Reads nothing before somebody looks. */
export const pageMaker =
  (settings: PageSettings, deps: OpenPageDeps, { place, others = () => [] }: PageOptions): PageMaker =>
  ({ report, readiness, troubles }) => {
    const { clock, random, environment } = deps;
    const clients = deps.createClients({ limits: PAGE_CLIENT_LIMITS });
    const { tablePrefix } = settings;
    const client = clients.data;
    return new Page({
      clock,
      fleet: openFleet(clients, settings, clock),
      client,
      items: new ItemReader({ client, clock, random }),
      names: tableNames(settings),
      reports: async () => report(),
      readiness,
      troubles,
      others,
      about: {
        version: VERSION,
        stream: settings.stream,
        application: settings.application,
        endpoints: endpointOverrides(environment).map(({ endpoint }) => endpoint),
        place,
      },
      finder: new SessionFinder({
        client,
        clock,
        tables: readerTables(tablePrefix),
        reader: createReader({ client, tablePrefix }, { clock, random }),
      }),
      assets: loadAssets(),
      close: () => clients.close(),
    });
  };
