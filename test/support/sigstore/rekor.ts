/** Rekor: a log that signs a promise for every entry. */
import { createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { X509Certificate } from 'node:crypto';
import type { Service, ServiceAnswer } from './services.ts';

export interface Log {
  readonly serve: Service;
  /** In PEM form. */
  readonly publicKey: string;
  readonly records: readonly HashedRecord[];
  /** Signs what the log would not. */
  promise(payload: object): string;
}

export interface HashedRecord {
  readonly kind: string;
  readonly apiVersion: string;
  readonly spec: {
    readonly data: { readonly hash: { readonly algorithm: string; readonly value: string } };
    readonly signature: {
      readonly content: string;
      readonly publicKey: { readonly content: string };
    };
  };
}

const ENTRIES = '/api/v1/log/entries';

export function createLog(): Log {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const logID = sha256(publicKey.export({ format: 'der', type: 'spki' }));
  const records: HashedRecord[] = [];
  const entries = new Map<string, object>();
  const promise = (payload: object): string =>
    sign('sha256', Buffer.from(JSON.stringify(payload)), privateKey).toString('base64');
  const add = (text: string): ServiceAnswer => {
    const record = checkedRecord(text);
    const body = Buffer.from(JSON.stringify(record)).toString('base64');
    const id = sha256(Buffer.from(body));
    if (entries.has(id)) return { status: 409, headers: { location: `${ENTRIES}/${id}` } };
    const integratedTime = Math.floor(Date.now() / 1000);
    const payload = { body, integratedTime, logID, logIndex: records.length };
    records.push(record);
    const verification = { inclusionProof: {}, signedEntryTimestamp: promise(payload) };
    entries.set(id, { [id]: { ...payload, verification } });
    return { status: 201, body: { [id]: { ...payload, verification } } };
  };
  return {
    publicKey: String(publicKey.export({ format: 'pem', type: 'spki' })),
    records,
    promise,
    serve: ({ method, path, headers, body }) => {
      if (method === 'POST' && path === ENTRIES) {
        return headers['content-type'] === 'application/json' ? add(body) : { status: 415 };
      }
      const entry = entries.get(path.slice(ENTRIES.length + 1));
      return entry && method === 'GET' ? { status: 200, body: entry } : { status: 404 };
    },
  };
}

type Entry = Readonly<Record<string, unknown>>;

/** An answer of the log whose one entry is changed to other ones. */
export function changedEntry(
  { status, body }: ServiceAnswer,
  change: (entry: Entry, id: string) => object,
): ServiceAnswer {
  const [entry] = Object.entries(body as Readonly<Record<string, Entry>>);
  if (entry === undefined) throw new Error('the log answered without an entry');
  return { status, body: change(entry[1], entry[0]) };
}

/** With its members in the order of their names, as Rekor writes them. */
function checkedRecord(text: string): HashedRecord {
  const { kind, apiVersion, spec } = JSON.parse(text) as HashedRecord;
  const { hash } = spec.data;
  const { content, publicKey } = spec.signature;
  const pem = Buffer.from(publicKey.content, 'base64').toString();
  const isKnown = kind === 'hashedrekord' && apiVersion === '0.0.1' && hash.algorithm === 'sha256';
  if (!isKnown || !/^[0-9a-f]{64}$/.test(hash.value)) throw new Error(`no record: ${text}`);
  if (pem.includes('CERTIFICATE')) new X509Certificate(pem).toString();
  else createPublicKey(pem);
  return {
    apiVersion,
    kind,
    spec: { data: { hash }, signature: { content, publicKey: { content: publicKey.content } } },
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
