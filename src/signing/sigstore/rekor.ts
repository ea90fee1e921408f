/** Puts signatures on record in the transparency log Rekor, and keeps its promise of that. */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { memberAt, parseJson, type JsonObject } from '../../io/bounded-json.ts';
import { readSmallFile } from '../../io/file-reader.ts';
import { OcipushError, wrapError } from '../../errors.ts';
import type { HttpResponse } from '../../registry/http.ts';
import { endpointBelow } from './oidc-provider.ts';
import { parsePem } from './pem.ts';
import { isSignature, publicDer } from './private-key.ts';
import { answerObject, askService, badAnswer, type ServiceOptions } from './service.ts';

/** What is put on record. */
export interface LoggedSignature {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  /** The public key, or the certificate for it, in PEM form. */
  readonly verifier: string;
}

/** An entry of the log, with its signed promise that the entry is, or will be, in it. */
export interface LogEntry {
  /** As in the answer: base64 of the entry. */
  readonly body: string;
  /** Seconds since the epoch. */
  readonly integratedTime: number;
  readonly logID: string;
  readonly logIndex: number;
  /** Base64. */
  readonly signedEntryTimestamp: string;
}

const ATTEMPT = 'uploading a log entry to Rekor';
const ENTRIES = 'api/v1/log/entries';
const KEY_FILE_LIMIT = 64 * 1024;

/**
 * Puts a signature on record; one that is there already is found. `key` is the public key of the
 * log, where it is known: its promise is then verified.
 * @throws OcipushError SIGNING_FAILED, also when the entry is not what was sent
 */
export async function recordSignature(
  { service, key }: { readonly service: URL; readonly key: KeyObject | undefined },
  logged: LoggedSignature,
  options: ServiceOptions,
  signal: AbortSignal,
): Promise<LogEntry> {
  const sent = await askService(
    {
      method: 'POST',
      url: endpointBelow(service, ENTRIES),
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(`${JSON.stringify(hashedRecord(logged))}\n`),
      accept: [201, 409],
      attempt: ATTEMPT,
    },
    options,
    signal,
  );
  const response =
    sent.status === 201
      ? sent
      : await askService(
          { method: 'GET', url: existingEntry(sent, service), accept: [200], attempt: ATTEMPT },
          options,
          signal,
        );
  const entry = readEntry(answerObject(response, ATTEMPT));
  if (!isRecordOf(entry.body, logged)) throw badAnswer(ATTEMPT, 'the entry is not what was sent');
  if (key !== undefined) checkPromise(entry, key);
  return entry;
}

/** The annotation that has an entry beside a signature: members in this order, and no others. */
export function encodeLogBundle({ signedEntryTimestamp, ...payload }: LogEntry): string {
  return JSON.stringify({
    Payload: canonical(payload),
    SignedEntryTimestamp: signedEntryTimestamp,
  });
}

/**
 * The public key of a log, from a file in PEM form.
 * @throws OcipushError KEY_INVALID, FILE_NOT_FOUND, FILE_UNREADABLE
 */
export async function readLogKey(file: string): Promise<KeyObject> {
  try {
    return createPublicKey(Buffer.from(await readSmallFile(file, KEY_FILE_LIMIT)));
  } catch (error) {
    const attempt = `reading the public key of Rekor from ${file}`;
    throw wrapError(error, attempt, { code: 'KEY_INVALID', origin: 'config' });
  }
}

/** Rekor's type hashedrekord, version 0.0.1. */
function hashedRecord({ payload, signature, verifier }: LoggedSignature) {
  return {
    kind: 'hashedrekord',
    apiVersion: '0.0.1',
    spec: {
      data: { hash: { algorithm: 'sha256', value: sha256(payload) } },
      signature: {
        content: Buffer.from(signature).toString('base64'),
        publicKey: { content: Buffer.from(verifier).toString('base64') },
      },
    },
  };
}

/** The address is made anew: nobody is asked but the log itself. */
function existingEntry(response: HttpResponse, service: URL): URL {
  const [, id] = /\/([0-9a-f]{64,80})$/.exec(response.header('location') ?? '') ?? [];
  if (id === undefined) throw badAnswer(ATTEMPT, 'it exists already, but not at a known place');
  return endpointBelow(service, `${ENTRIES}/${id}`);
}

function readEntry(answer: JsonObject): LogEntry {
  const entries = Object.values(answer);
  const [entry] = entries;
  if (entries.length !== 1) throw badAnswer(ATTEMPT, `expected 1 entry, got ${entries.length}`);
  const [body, integratedTime, logID, logIndex] = [
    'body',
    'integratedTime',
    'logID',
    'logIndex',
  ].map((name) => memberAt(entry, name));
  const promise = memberAt(entry, 'verification', 'signedEntryTimestamp');
  if (
    isBase64(body) &&
    isBase64(promise) &&
    isCount(integratedTime) &&
    isCount(logIndex) &&
    typeof logID === 'string' &&
    /^[0-9a-f]{64}$/.test(logID)
  ) {
    return { body, integratedTime, logID, logIndex, signedEntryTimestamp: promise };
  }
  throw badAnswer(ATTEMPT, 'the entry lacks what a signature needs of it');
}

/** The log may write the same in another order, and the key in other lines. */
function isRecordOf(body: string, { payload, signature, verifier }: LoggedSignature): boolean {
  const record = parse(Buffer.from(body, 'base64'));
  const hash = memberAt(record, 'spec', 'data', 'hash');
  const signed = memberAt(record, 'spec', 'signature');
  const content = memberAt(signed, 'publicKey', 'content');
  return (
    memberAt(record, 'kind') === 'hashedrekord' &&
    memberAt(hash, 'algorithm') === 'sha256' &&
    memberAt(hash, 'value') === sha256(payload) &&
    memberAt(signed, 'content') === Buffer.from(signature).toString('base64') &&
    typeof content === 'string' &&
    isSamePem(Buffer.from(content, 'base64').toString('latin1'), verifier)
  );
}

function isSamePem(one: string, other: string): boolean {
  return JSON.stringify(parsePem(one)) === JSON.stringify(parsePem(other));
}

/** The log signs the RFC 8785 form of an entry, and is named by the digest of its key. */
function checkPromise({ signedEntryTimestamp, ...payload }: LogEntry, key: KeyObject): void {
  const bytes = Buffer.from(JSON.stringify(canonical(payload)));
  const isNamed = payload.logID === sha256(publicDer(key));
  if (isNamed && isSignature(key, bytes, Buffer.from(signedEntryTimestamp, 'base64'))) return;
  throw badAnswer(ATTEMPT, 'the log did not sign its answer with the key that it should have');
}

/** Members in the order of their names. */
function canonical(payload: Omit<LogEntry, 'signedEntryTimestamp'>) {
  const { body, integratedTime, logID, logIndex } = payload;
  return { body, integratedTime, logID, logIndex };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes, 'entry');
  } catch (error) {
    if (error instanceof OcipushError) return undefined;
    throw error;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isBase64(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9+/]+={0,2}$/.test(value);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
