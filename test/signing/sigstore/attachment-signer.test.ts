import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestOf, type Digest } from '../../../src/image/digest.ts';
import { createAttachmentSigner } from '../../../src/signing/sigstore/attachment-signer.ts';
import { keyInFile } from '../../../src/signing/sigstore/signing-key.ts';
import { sigstoreClaim } from '../../../src/signing/sigstore/payload.ts';
import { isSignedBy, sigstoreSignature } from '../../../src/signing/sigstore/sigstore-signature.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { temporaryDirectory } from '../../support/scratch.ts';
import { thrownBy } from '../../support/thrown.ts';
import { CLAIM, PASSPHRASE, PAYLOAD, PUBLIC_KEY, SEALED_KEY, SIGNATURE } from './vectors.ts';

const signal = new AbortController().signal;
const bytes = Buffer.from('{"schemaVersion":2}');
const manifest = { bytes, digest: digestOf(bytes) };
const claim = { ...CLAIM, digest: CLAIM.digest as Digest };
const stored = sigstoreSignature(Buffer.from(PAYLOAD), Buffer.from(SIGNATURE, 'base64'));

async function signerWith(key: string, passphrase: Uint8Array) {
  const keyFile = join(await temporaryDirectory(), 'cosign.key');
  await writeFile(keyFile, key);
  const asked: unknown[] = [];
  const ask = async (given: AbortSignal): Promise<Uint8Array> => {
    asked.push(given);
    return passphrase;
  };
  const creator = 'ocipush 1.2.3';
  const clock = fakeClock();
  return {
    signer: createAttachmentSigner(keyInFile(keyFile, ask), { creator, clock }),
    keyFile,
    asked,
  };
}

describe('the signer of attachments', () => {
  test('signs the digest under the name that it is given', async () => {
    const { signer, keyFile, asked } = await signerWith(SEALED_KEY, PASSPHRASE);
    expect(signer.name).toBe(keyFile);
    await signer.prepare(signal);
    const signature = await signer.sign(manifest, 'r.test/a:1', signal);
    if (signature.format !== 'sigstore') throw new Error(signature.format);
    expect(signature.mediaType).toBe('application/vnd.dev.cosign.simplesigning.v1+json');
    expect(Object.keys(signature.annotations)).toEqual(['dev.cosignproject.cosign/signature']);
    expect(Buffer.from(signature.payload).toString()).toBe(
      `{"critical":{"identity":{"docker-reference":"r.test/a:1"},"image":{"docker-manifest-digest":"${manifest.digest}"},"type":"cosign container image signature"},"optional":{"creator":"ocipush 1.2.3","timestamp":1795132800}}`,
    );
    const key = createPublicKey(PUBLIC_KEY);
    const made = sigstoreClaim(manifest.digest, 'r.test/a:1');
    expect(isSignedBy(key, signature, made)).toBe(true);
    expect(asked).toEqual([signal]);
  });

  test('does not get ready with the wrong passphrase', async () => {
    const { signer } = await signerWith(SEALED_KEY, Buffer.from('no'));
    expect(await thrownBy(signer.prepare(signal))).toMatchObject({ code: 'KEY_INVALID' });
  });

  test('recognizes what it would say', async () => {
    const { signer } = await signerWith(SEALED_KEY, PASSPHRASE);
    await signer.prepare(signal);
    expect(await signer.recognizes?.(stored, claim.digest, claim.identity, signal)).toBe(true);
    expect(await signer.recognizes?.(stored, claim.digest, 'r.test/else:1', signal)).toBe(false);
    expect(await signer.recognizes?.(stored, manifest.digest, claim.identity, signal)).toBe(false);
    const forged = sigstoreSignature(Buffer.from(PAYLOAD), Buffer.from('forged'));
    expect(await signer.recognizes?.(forged, claim.digest, claim.identity, signal)).toBe(false);
    const typed = { ...stored, mediaType: 'text/plain' };
    expect(await signer.recognizes?.(typed, claim.digest, claim.identity, signal)).toBe(false);
    const simple = { format: 'simple-signing', bytes: stored.payload } as const;
    expect(await signer.recognizes?.(simple, claim.digest, claim.identity, signal)).toBe(false);
  });

  test('does not recognize what another key has signed', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = String(privateKey.export({ format: 'pem', type: 'pkcs8' }));
    const { signer, asked } = await signerWith(pem, PASSPHRASE);
    await signer.prepare(signal);
    expect(await signer.recognizes?.(stored, claim.digest, claim.identity, signal)).toBe(false);
    expect(asked).toEqual([]);
  });
});
