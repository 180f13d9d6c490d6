/** An error as the services answer it: HTTP 400 and its name. */
export class WireError extends Error {
  readonly extra: object;

  constructor(name: string, message: string, extra: object = {}) {
    super(message);
    this.name = name;
    this.extra = extra;
  }
}
