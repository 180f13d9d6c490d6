/** Wakes the one who waits. A ring that nobody waits for is not kept: look first, then wait, with no `await`
 *  between the two. */
export class Doorbell {
  private wake: () => void = () => {};

  ring(): void {
    this.wake();
  }

  /** Resolves at the next ring, or as soon as `signal` aborts; never rejects. One waiter at a time. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.wake = wake;
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}
