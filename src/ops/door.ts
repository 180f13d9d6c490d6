/** The operator's door of a worker: an HTTP port of its own, or a supervisor that has one for several workers. */
import { type HttpServerDeps, startHttpServer } from './http-server.ts';
import type { Log } from './log.ts';
import { isLoopback, type ServedPage } from './page-port.ts';

export interface OpenDoor {
  stop(): Promise<void>;
}

export interface Door {
  /** Label `process` of the worker's series; only where one endpoint shows several processes. */
  readonly processName?: string;
  open(deps: HttpServerDeps): Promise<OpenDoor>;
}

/** A door on `address`, "HOST:PORT", with a page of what is behind it; none without an address. */
export const httpDoor = (
  address: string,
  log: Log,
  openPage: (deps: HttpServerDeps) => ServedPage,
): Door | undefined =>
  address === ''
    ? undefined
    : {
        open: async (deps) => {
          const page = openPage(deps);
          const server = await startHttpServer(address, deps, page);
          log.info('http.listening', 'serving the page, /livez, /readyz, /healthz, /metrics and /state', {
            address: server.address,
          });
          if (!isLoopback(server.address))
            log.warn('http.exposed', 'the page has no login: who reaches this address sees SIMs and usage', {
              address: server.address,
            });
          return {
            stop: async () => {
              await server.stop();
              await page.stop();
            },
          };
        },
      };
