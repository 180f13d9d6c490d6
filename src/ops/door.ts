/** The operator's door of a worker: an HTTP port of its own, or a supervisor that has one for several workers. */
import { type HttpServerDeps, startHttpServer } from './http-server.ts';
import type { Log } from './log.ts';

export interface OpenDoor {
  stop(): Promise<void>;
}

export interface Door {
  /** Label `process` of the worker's series; only where one endpoint shows several processes. */
  readonly processName?: string;
  open(deps: HttpServerDeps): Promise<OpenDoor>;
}

/** A door on `address`, "HOST:PORT"; none without an address. */
export const httpDoor = (address: string, log: Log): Door | undefined =>
  address === ''
    ? undefined
    : {
        open: async (deps) => {
          const server = await startHttpServer(address, deps);
          log.info('http.listening', 'serving /livez, /readyz, /healthz, /metrics and /state', {
            address: server.address,
          });
          return server;
        },
      };
