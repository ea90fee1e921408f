/** Warnings of what configuration holds and the work survives. */

/** Told of one thing a message. */
export type Warn = (message: string) => void;

/** Passes on each message once, however many read the same file. */
export function onceEach(warn: Warn): Warn {
  const told = new Set<string>();
  return (message) => {
    if (!told.has(message)) warn(message);
    told.add(message);
  };
}

/** For who reads what has been read before, and where nobody could be told. */
export function warnNobody(): void {}
