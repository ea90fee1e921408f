import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  verify,
  X509Certificate,
} from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import type { SigstoreBundle } from '../../../src/image/signature.ts';
import { createBundleSigner } from '../../../src/signing/sigstore/bundle-signer.ts';
import type { LogEntry } from '../../../src/signing/sigstore/rekor.ts';
import type { OpenKey } from '../../../src/signing/sigstore/signing-key.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { createAuthority } from '../../support/sigstore/authority.ts';
import { thrownBy } from '../../support/thrown.ts';

const signal = new AbortController().signal;
const bytes = Buffer.from('{"schemaVersion":2}');
const manifest = { bytes, digest: digestOf(bytes) };
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const publicKey = createPublicKey(privateKey);
const HEX = '00'.repeat(32);

const ENTRY: LogEntry = {
  body: Buffer.from('{"apiVersion":"0.0.1","kind":"dsse"}').toString('base64'),
  integratedTime: 1_795_187_829,
  logID: HEX,
  logIndex: 41,
  signedEntryTimestamp: 'c2V0',
  inclusionProof: { logIndex: 7, treeSize: 8, rootHash: HEX, hashes: [HEX], checkpoint: 'tree' },
};

interface Bundle {
  readonly mediaType: string;
  readonly verificationMaterial: object;
  readonly dsseEnvelope: {
    readonly payload: string;
    readonly payloadType: string;
    readonly signatures: readonly [{ readonly sig: string }];
  };
}

function signerWith(open: Partial<OpenKey> = {}) {
  const key = {
    name: 'k',
    open: async () => ({ key: privateKey, ...open }),
    check: async () => undefined,
    isOpen: true,
  };
  return createBundleSigner(key, { clock: fakeClock() });
}

async function sign(open: Partial<OpenKey> = {}) {
  const signature = (await signerWith(open).sign(manifest, '', signal)) as SigstoreBundle;
  const bundle = JSON.parse(Buffer.from(signature.payload).toString()) as Bundle;
  return { signature, bundle };
}

function recognizes(
  signature: SigstoreBundle,
  open: Partial<OpenKey> = {},
  digest = manifest.digest,
) {
  return signerWith(open).recognizes?.(signature, digest, '', signal);
}

describe('the signer of bundles', () => {
  test('signs a statement on the digest, and names its key', async () => {
    const { signature, bundle } = await sign();
    expect(signature).toMatchObject({
      format: 'sigstore-bundle',
      mediaType: bundle.mediaType,
      annotations: {
        'dev.sigstore.bundle.content': 'dsse-envelope',
        'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1',
        'org.opencontainers.image.created': '2026-11-20T00:00:00Z',
      },
    });
    const { payload, payloadType, signatures } = bundle.dsseEnvelope;
    const statement = Buffer.from(payload, 'base64').toString();
    const hex = manifest.digest.slice('sha256:'.length);
    expect(statement).toBe(
      `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"${hex}"},"annotations":{}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}`,
    );
    const signed = Buffer.from(`DSSEv1 28 ${payloadType} ${statement.length} ${statement}`);
    expect(verify('sha256', signed, publicKey, Buffer.from(signatures[0].sig, 'base64'))).toBe(
      true,
    );
    const der = publicKey.export({ format: 'der', type: 'spki' });
    const hint = createHash('sha256').update(der).digest('base64');
    expect(bundle.verificationMaterial).toEqual({ publicKey: { hint } });
  });

  test('adds the certificate, and the entry of the log in the JSON of protobuf', async () => {
    const certificate = createAuthority().issue({ publicKey, email: 'e', issuer: 'i' });
    const { bundle } = await sign({
      certificate: { certificate, chain: '', validFrom: 0, validTo: 0 },
      record: async () => ENTRY,
    });
    const zeros = Buffer.from(HEX, 'hex').toString('base64');
    expect(bundle.verificationMaterial).toEqual({
      certificate: { rawBytes: new X509Certificate(certificate).raw.toString('base64') },
      tlogEntries: [
        {
          logIndex: '41',
          logId: { keyId: zeros },
          kindVersion: { kind: 'dsse', version: '0.0.1' },
          integratedTime: '1795187829',
          inclusionPromise: { signedEntryTimestamp: 'c2V0' },
          inclusionProof: {
            logIndex: '7',
            rootHash: zeros,
            treeSize: '8',
            hashes: [zeros],
            checkpoint: { envelope: 'tree' },
          },
          canonicalizedBody: ENTRY.body,
        },
      ],
    });
  });

  test('fails where the log does not prove that it has the entry', async () => {
    const signing = sign({ record: async () => ({ ...ENTRY, inclusionProof: undefined }) });
    expect(await thrownBy(signing)).toMatchObject({ code: 'SIGNING_FAILED' });
  });

  test('recognizes what it would say, and nothing else', async () => {
    const { signature, bundle } = await sign();
    expect(await recognizes(signature)).toBe(true);
    expect(await recognizes(signature, {}, digestOf(Buffer.of()))).toBe(false);
    const { privateKey: other } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(await recognizes(signature, { key: other })).toBe(false);
    const record = async () => ENTRY;
    expect(await recognizes(signature, { record })).toBe(false);
    const { signature: recorded } = await sign({ record });
    expect(await recognizes(recorded, { record })).toBe(true);
    const { dsseEnvelope } = bundle;
    const statement = (text: string) => ({ ...dsseEnvelope, payload: btoa(text) });
    for (const changed of [
      'no JSON',
      '{}',
      JSON.stringify({ dsseEnvelope: { ...dsseEnvelope, payloadType: 'text/plain' } }),
      JSON.stringify({ dsseEnvelope: { ...dsseEnvelope, signatures: [] } }),
      JSON.stringify({ dsseEnvelope: statement('{}') }),
    ]) {
      expect(await recognizes({ ...signature, payload: Buffer.from(changed) })).toBe(false);
    }
  });
});
