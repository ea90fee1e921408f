/** Keys that sign for sigstore, and what proves to others whose they are. */
import type { KeyObject } from 'node:crypto';
import { readPrivateKey, publicPem } from './private-key.ts';
import type { AskPassphrase } from '../passphrase.ts';
import type { SigningCertificate } from './fulcio.ts';
import type { LogEntry, LogRecord } from './rekor.ts';

/** A key that the forms of a signature share, so that it is asked for once. */
export interface SigstoreKey {
  /** For progress and errors: a file. */
  readonly name: string;
  /**
   * The key as it can sign now: read, asked for or obtained at the first call, and again when its
   * certificate ends.
   * @throws OcipushError KEY_INVALID, CONFIG_INVALID, SIGNING_FAILED, FILE_NOT_FOUND, FILE_UNREADABLE
   */
  open(signal: AbortSignal): Promise<OpenKey>;
  /** The same, but for certificates, of which there are public records: none is obtained. */
  check(signal: AbortSignal): Promise<void>;
  /** Whether it is open: no other key is certified only to look for what it may have signed. */
  readonly isOpen: boolean;
}

export interface OpenKey {
  readonly key: KeyObject;
  /** Says whose the key is, where it is nobody's own. */
  readonly certificate?: SigningCertificate | undefined;
  /** Puts a signature on record; undefined where nothing is to be. @throws OcipushError SIGNING_FAILED */
  readonly record?: ((record: LogRecord, signal: AbortSignal) => Promise<LogEntry>) | undefined;
}

/** What others verify with, in PEM form: the certificate, or the public key where there is none. */
export function verifierOf({ key, certificate }: OpenKey): string {
  return certificate?.certificate ?? publicPem(key);
}

/** A key in a file, which cosign or skopeo made, or a plain one in PEM form. */
export function keyInFile(file: string, passphrase: AskPassphrase): SigstoreKey {
  let opened: OpenKey | undefined;
  const open = async (signal: AbortSignal): Promise<OpenKey> =>
    (opened ??= { key: await readPrivateKey(file, passphrase, signal) });
  return {
    name: file,
    open,
    check: async (signal) => {
      await open(signal);
    },
    get isOpen() {
      return opened !== undefined;
    },
  };
}
