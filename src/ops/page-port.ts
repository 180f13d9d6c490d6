/** What the HTTP server asks of a page that it serves beside the probes. */
export interface PageRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly ifNoneMatch: string | undefined;
}

export interface PageAnswer {
  readonly status: number;
  readonly body: string | Buffer;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ServedPage {
  /** Whether the path is the page's. */
  has(path: string): boolean;
  /** Undefined when the path is not the page's. */
  answer(request: PageRequest): Promise<PageAnswer | undefined>;
  stop(): Promise<void>;
}

/** The name a browser asked for, without its port. */
const nameOf = (host: string): string => host.replace(/:\d+$/, '').toLowerCase();

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Whether only this machine reaches an address, "HOST:PORT". */
export const isLoopback = (address: string): boolean => LOOPBACK.test(nameOf(address));

/** Whether a page on `address` is to answer a browser that asked for `host`. A page that only this machine reaches has
 *  no other name: a stranger's name that points here is a stranger's page that wants to read ours (DNS rebinding). */
export const mayAnswer = (address: string, host: string | undefined): boolean =>
  !isLoopback(address) || (host !== undefined && LOOPBACK.test(nameOf(host)));
