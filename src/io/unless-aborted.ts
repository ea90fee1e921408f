/** Waits for what does not hear of an abort itself, or hears of it late. */

/**
 * What the work comes to, unless the signal, not aborted yet, is aborted first. Nobody listens to the
 * signal after that: Node keeps signals of signals that anybody listens to.
 * @throws what the work throws, or the signal's reason
 */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason as Error);
  });
  signal.addEventListener('abort', stop);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
