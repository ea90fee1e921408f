/** Rekor: a log that signs a promise for every entry. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { checkedRecord, type KeptRecord } from './log-records.ts';
import { proveLast } from './merkle-log.ts';
import type { Service, ServiceAnswer } from './services.ts';

export interface Log {
  readonly serve: Service;
  /** The digest of its key, in hexadecimal digits. */
  readonly id: string;
  /** In PEM form. */
  readonly publicKey: string;
  readonly records: readonly KeptRecord[];
  /** Signs what the log would not. */
  promise(payload: object): string;
}

const ENTRIES = '/api/v1/log/entries';

export function createLog(): Log {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const logID = sha256(publicKey.export({ format: 'der', type: 'spki' }));
  const records: KeptRecord[] = [];
  const entries = new Map<string, object>();
  const promise = (payload: object): string =>
    sign('sha256', Buffer.from(JSON.stringify(payload)), privateKey).toString('base64');
  const add = (text: string): ServiceAnswer => {
    const record = checkedRecord(text);
    const body = encode(record).toString('base64');
    const id = sha256(Buffer.from(body));
    if (entries.has(id)) return { status: 409, headers: { location: `${ENTRIES}/${id}` } };
    const integratedTime = Math.floor(Date.now() / 1000);
    const payload = { body, integratedTime, logID, logIndex: records.length };
    records.push(record);
    const inclusionProof = proveLast(records.map(encode), { key: privateKey, id: logID });
    const verification = { inclusionProof, signedEntryTimestamp: promise(payload) };
    entries.set(id, { [id]: { ...payload, verification } });
    return { status: 201, body: { [id]: { ...payload, verification } } };
  };
  return {
    id: logID,
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

function encode(record: KeptRecord): Buffer {
  return Buffer.from(JSON.stringify(record));
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

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
