import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { signEnvelope } from '../../../src/signing/sigstore/envelope.ts';
import { envelopeRecord, hashedRecord } from '../../../src/signing/sigstore/log-records.ts';
import { publicPem, signBytes } from '../../../src/signing/sigstore/private-key.ts';
import {
  encodeLogBundle,
  readLogKey,
  putOnRecord,
  type LogEntry,
} from '../../../src/signing/sigstore/rekor.ts';
import { temporaryDirectory } from '../../support/scratch.ts';
import { changedEntry } from '../../support/sigstore/rekor.ts';
import type { Fault } from '../../support/sigstore/services.ts';
import { thrownBy } from '../../support/thrown.ts';
import { openServices, signal } from './open-services.ts';
import { PAYLOAD, PUBLIC_KEY } from './vectors.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const payload = Buffer.from(PAYLOAD);
const logged = {
  payload,
  signature: signBytes(privateKey, payload),
  verifier: publicPem(privateKey),
};

async function openLog(fault?: Fault) {
  const { services, options } = await openServices();
  if (fault) services.fault = fault;
  const service = new URL(services.rekorURL);
  const key = createPublicKey(services.log.publicKey);
  const record = (logKey = key) =>
    putOnRecord({ service, key: logKey }, hashedRecord(logged), options, signal);
  return { services, options, service, record };
}

/** Changes what the log answers to an upload. */
function changing(change: Parameters<typeof changedEntry>[1]): Fault {
  return async (_, honest) => changedEntry(await honest(), change);
}

describe('a signature on record', () => {
  test('is kept by the log as it was sent', async () => {
    const { services, record } = await openLog();
    const entry = await record();
    expect(services.requests).toEqual(['POST /rekor/api/v1/log/entries']);
    expect(services.log.records).toEqual([
      {
        apiVersion: '0.0.1',
        kind: 'hashedrekord',
        spec: {
          data: {
            hash: {
              algorithm: 'sha256',
              value: createHash('sha256').update(payload).digest('hex'),
            },
          },
          signature: {
            content: Buffer.from(logged.signature).toString('base64'),
            publicKey: { content: Buffer.from(logged.verifier).toString('base64') },
          },
        },
      },
    ]);
    expect(JSON.parse(Buffer.from(entry.body, 'base64').toString())).toEqual(
      services.log.records[0],
    );
  });

  test('is found when it was there before', async () => {
    const { services, record } = await openLog();
    const first = await record();
    expect(await record()).toEqual(first);
    expect(services.requests.slice(1)).toEqual([
      'POST /rekor/api/v1/log/entries',
      expect.stringMatching(/^GET \/rekor\/api\/v1\/log\/entries\/[0-9a-f]{64}$/),
    ]);
  });

  test('has no promise to be checked where the key of the log is not known', async () => {
    const { options, service, services } = await openLog(
      changing((entry, id) => ({
        [id]: { ...entry, verification: { signedEntryTimestamp: 'AAAA' } },
      })),
    );
    const entry = await putOnRecord(
      { service, key: undefined },
      hashedRecord(logged),
      options,
      signal,
    );
    expect(entry.signedEntryTimestamp).toBe('AAAA');
    expect(services.log.records).toHaveLength(1);
  });

  test.each<readonly [what: string, fault: Fault]>([
    ['with no entry', changing(() => ({}))],
    ['with two entries', changing((entry, id) => ({ [id]: entry, x: entry }))],
    ['with an entry that is none', changing((_, id) => ({ [id]: null }))],
    ['without a promise', changing((entry, id) => ({ [id]: { ...entry, verification: {} } }))],
    ['without a time', changing((entry, id) => ({ [id]: { ...entry, integratedTime: null } }))],
    ['with a broken index', changing((entry, id) => ({ [id]: { ...entry, logIndex: 0.5 } }))],
    ['with an index below zero', changing((entry, id) => ({ [id]: { ...entry, logIndex: -1 } }))],
    ['of another log', changing((entry, id) => ({ [id]: { ...entry, logID: '0'.repeat(64) } }))],
    ['of a later time', changing((entry, id) => ({ [id]: { ...entry, integratedTime: 1 } }))],
    [
      'with the promise of something else',
      changing((entry, id) => ({
        [id]: { ...entry, verification: { signedEntryTimestamp: 'MEUCIQ==' } },
      })),
    ],
    [
      'with another body',
      changing((entry, id) => ({ [id]: { ...entry, body: Buffer.from('{}').toString('base64') } })),
    ],
    [
      'with a body that is no JSON',
      changing((entry, id) => ({ [id]: { ...entry, body: 'AAAA' } })),
    ],
    ['with a list', () => ({ status: 201, body: [] })],
    ['with text', () => ({ status: 201, body: 'ok' })],
    ['that it is elsewhere', () => ({ status: 409, headers: { location: 'http://x.test/y' } })],
    ['that it is nowhere', () => ({ status: 409 })],
    ['with a bad request', () => ({ status: 400, body: { code: 400, message: 'x' } })],
  ])('answered %s is refused', async (_, fault) => {
    const { record } = await openLog(fault);
    expect(await thrownBy(record())).toMatchObject({
      code: 'SIGNING_FAILED',
      origin: 'config',
      retryable: false,
    });
  });

  test.each([
    ['another payload', { payload: Buffer.from('{}') }],
    ['another signature', { signature: signBytes(privateKey, payload) }],
    ['another key', { verifier: PUBLIC_KEY }],
  ])('for %s is refused', async (_, change) => {
    const { services, service, options, record } = await openLog();
    await record();
    const [stored] = services.log.records;
    const body = Buffer.from(JSON.stringify(stored)).toString('base64');
    services.fault = changing((entry, id) => ({ [id]: { ...entry, body } }));
    const recording = putOnRecord(
      { service, key: undefined },
      hashedRecord({ ...logged, ...change }),
      options,
      signal,
    );
    const error = await thrownBy(recording);
    expect(error.message).toContain('the entry is not what was sent');
  });

  test('comes with a proof that it is in the log, where that is whole', async () => {
    const { services, options, service, record } = await openLog();
    const { inclusionProof: proof } = await record();
    expect(proof).toMatchObject({ logIndex: 0, treeSize: 1, hashes: [] });
    expect(proof?.checkpoint).toContain(
      Buffer.from(proof?.rootHash ?? '', 'hex').toString('base64'),
    );
    services.fault = changing((entry, id) => {
      const { verification } = entry as { verification: { inclusionProof: object } };
      const inclusionProof = { ...verification.inclusionProof, hashes: ['x'] };
      return { [id]: { ...entry, verification: { ...verification, inclusionProof } } };
    });
    const other = hashedRecord({ ...logged, signature: signBytes(privateKey, payload) });
    const entry = await putOnRecord({ service, key: undefined }, other, options, signal);
    expect(entry.inclusionProof).toBeUndefined();
  });

  test('is not taken for one of a log with another key', async () => {
    const { record } = await openLog();
    const error = await thrownBy(record(createPublicKey(PUBLIC_KEY)));
    expect(error).toMatchObject({ code: 'SIGNING_FAILED' });
  });

  test('is tried again when the log is busy', async () => {
    const answers = [503, 429];
    const { services, record, options } = await openLog(() => {
      const status = answers.shift();
      return status === undefined ? undefined : { status };
    });
    await record();
    expect(services.requests).toHaveLength(3);
    expect(options.clock.sleeps).toEqual([250, 500]);
  });
});

test('the bundle of an entry has these members in this order', () => {
  const entry: LogEntry = {
    signedEntryTimestamp: 'c2V0',
    logIndex: 41,
    logID: 'ab',
    integratedTime: 1_795_187_829,
    body: 'e30=',
    inclusionProof: undefined,
  };
  expect(encodeLogBundle(entry)).toBe(
    '{"Payload":{"body":"e30=","integratedTime":1795187829,"logID":"ab","logIndex":41},"SignedEntryTimestamp":"c2V0"}',
  );
});

describe('the key of a log', () => {
  test('is read from a file', async () => {
    const file = join(await temporaryDirectory(), 'rekor.pub');
    await writeFile(file, PUBLIC_KEY);
    expect((await readLogKey(file)).equals(createPublicKey(PUBLIC_KEY))).toBe(true);
    await writeFile(file, 'no key');
    expect(await thrownBy(readLogKey(file))).toMatchObject({ code: 'KEY_INVALID' });
    expect(await thrownBy(readLogKey(`${file}.not`))).toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});

describe('an envelope on record', () => {
  const envelope = signEnvelope(privateKey, 'text/plain', payload);
  const verifier = publicPem(privateKey);

  test('is verified by the log, which keeps its digests', async () => {
    const { services, service, options } = await openLog();
    const log = { service, key: createPublicKey(services.log.publicKey) };
    await putOnRecord(log, envelopeRecord(envelope, verifier), options, signal);
    expect(services.log.records).toMatchObject([
      {
        kind: 'dsse',
        spec: {
          payloadHash: { value: createHash('sha256').update(payload).digest('hex') },
          signatures: [{ signature: envelope.signatures[0].sig }],
        },
      },
    ]);
    const other = envelopeRecord(envelope, PUBLIC_KEY);
    expect((await thrownBy(putOnRecord(log, other, options, signal))).code).toBe('SIGNING_FAILED');
  });

  test.each([
    ['another payload', { payloadHash: { algorithm: 'sha256', value: '0'.repeat(64) } }],
    ['another signature', { signatures: [{ signature: 'AAAA' }] }],
    ['two signatures', { signatures: [{}, {}] }],
    ['no signature', { signatures: undefined }],
  ])('with %s is refused', async (_, change) => {
    const { services, service, options } = await openLog();
    services.fault = changing((entry, id) => {
      const text = Buffer.from(String(entry['body']), 'base64').toString();
      const record = JSON.parse(text) as { readonly spec: object };
      const changed = { ...record, spec: { ...record.spec, ...change } };
      return { [id]: { ...entry, body: Buffer.from(JSON.stringify(changed)).toString('base64') } };
    });
    const recording = putOnRecord(
      { service, key: undefined },
      envelopeRecord(envelope, verifier),
      options,
      signal,
    );
    expect((await thrownBy(recording)).message).toContain('the entry is not what was sent');
  });
});
