/** Puts signatures on record in the transparency log Rekor, and keeps its promise of that. */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { memberAt, parseJson, type JsonObject } from '../../io/bounded-json.ts';
import { readSmallFile } from '../../io/file-reader.ts';
import { OcipushError, wrapError } from '../../errors.ts';
import type { HttpResponse } from '../../registry/http.ts';
import { endpointBelow } from './oidc-provider.ts';
import { isSignature, publicDer } from './private-key.ts';
import { answerObject, askService, badAnswer, type ServiceOptions } from './service.ts';

/** What is put on record: a type of Rekor's (sigstore/rekor pkg/types), and what it says. */
export interface LogRecord {
  readonly kind: string;
  readonly version: string;
  readonly spec: object;
  /** Whether an entry of this type says the same; the log may write it in another way. */
  isIn(spec: unknown): boolean;
}

export interface Log {
  readonly service: URL;
  /** The public key of the log, where it is known: its promise is then verified. */
  readonly key: KeyObject | undefined;
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
  /** Undefined where the answer has none, or not a whole one. */
  readonly inclusionProof: InclusionProof | undefined;
}

/** That the entry is in the log (RFC 6962, 2.1.1), as whoever reads it verifies it. */
export interface InclusionProof {
  /** In the part of the log that is written to now, unlike that of the entry. */
  readonly logIndex: number;
  readonly treeSize: number;
  /** In hexadecimal digits, as are the others. */
  readonly rootHash: string;
  readonly hashes: readonly string[];
  /** What the log says of its size and root, with its signature. */
  readonly checkpoint: string;
}

const ATTEMPT = 'uploading a log entry to Rekor';
const ENTRIES = 'api/v1/log/entries';
const KEY_FILE_LIMIT = 64 * 1024;

/**
 * Puts a signature on record; one that is there already is found.
 * @throws OcipushError SIGNING_FAILED, also when the entry is not what was sent
 */
export async function putOnRecord(
  { service, key }: Log,
  record: LogRecord,
  options: ServiceOptions,
  signal: AbortSignal,
): Promise<LogEntry> {
  const { kind, version, spec } = record;
  const sent = await askService(
    {
      method: 'POST',
      url: endpointBelow(service, ENTRIES),
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(`${JSON.stringify({ kind, apiVersion: version, spec })}\n`),
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
  if (!isEntryOf(entry.body, record)) throw badAnswer(ATTEMPT, 'the entry is not what was sent');
  if (key !== undefined) checkPromise(entry, key);
  return entry;
}

/** The annotation that has an entry beside a signature: members in this order, and no others. */
export function encodeLogBundle(entry: LogEntry): string {
  return JSON.stringify({
    Payload: canonical(entry),
    SignedEntryTimestamp: entry.signedEntryTimestamp,
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
    isHash(logID)
  ) {
    const inclusionProof = readProof(memberAt(entry, 'verification', 'inclusionProof'));
    return { body, integratedTime, logID, logIndex, signedEntryTimestamp: promise, inclusionProof };
  }
  throw badAnswer(ATTEMPT, 'the entry lacks what a signature needs of it');
}

function readProof(proof: unknown): InclusionProof | undefined {
  const [logIndex, treeSize, rootHash, hashes, checkpoint] = [
    'logIndex',
    'treeSize',
    'rootHash',
    'hashes',
    'checkpoint',
  ].map((name) => memberAt(proof, name));
  const isWhole =
    isCount(logIndex) &&
    isCount(treeSize) &&
    isHash(rootHash) &&
    Array.isArray(hashes) &&
    hashes.every(isHash) &&
    typeof checkpoint === 'string';
  return isWhole ? { logIndex, treeSize, rootHash, hashes, checkpoint } : undefined;
}

function isEntryOf(body: string, record: LogRecord): boolean {
  const entry = parse(Buffer.from(body, 'base64'));
  const isOfType =
    memberAt(entry, 'kind') === record.kind && memberAt(entry, 'apiVersion') === record.version;
  return isOfType && record.isIn(memberAt(entry, 'spec'));
}

/** The log signs the RFC 8785 form of an entry, and is named by the digest of its key. */
function checkPromise(entry: LogEntry, key: KeyObject): void {
  const bytes = Buffer.from(JSON.stringify(canonical(entry)));
  const isNamed = entry.logID === createHash('sha256').update(publicDer(key)).digest('hex');
  if (isNamed && isSignature(key, bytes, Buffer.from(entry.signedEntryTimestamp, 'base64'))) return;
  throw badAnswer(ATTEMPT, 'the log did not sign its answer with the key that it should have');
}

/** Members in the order of their names. */
function canonical({ body, integratedTime, logID, logIndex }: LogEntry) {
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

function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

function isBase64(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9+/]+={0,2}$/.test(value);
}
