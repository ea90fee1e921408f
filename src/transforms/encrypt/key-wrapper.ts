/** What encrypts the keys of layers for the recipients of one protocol. */

export interface KeyWrapper {
  /** The annotation in which readers look for the result. */
  readonly annotation: string;
  /**
   * Encrypts a few hundred bytes so that each of the recipients can decrypt them.
   * @throws OcipushError KEY_INVALID when that is not possible for one of them, or the error of the
   * library that found it out
   */
  readonly wrap: (payload: Uint8Array) => Promise<Uint8Array>;
}

/** Where keys are looked for that no file holds. */
export interface KeyContext {
  /** Of the user's process. */
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Told of what the user should know of a key that will do. */
  readonly warn: (message: string) => void;
}
