import { createPublicKey, verify, X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import type { Signature } from '../../../src/image/signature.ts';
import { createAttachmentSigner } from '../../../src/signing/sigstore/attachment-signer.ts';
import { keyOfParameters } from '../../../src/signing/sigstore/parameter-key.ts';
import { systemClock } from '../../../src/io/retry-clock.ts';
import { temporaryDirectory } from '../../support/scratch.ts';
import type { HashedRecord } from '../../support/sigstore/log-records.ts';
import { changedEntry } from '../../support/sigstore/rekor.ts';
import { CLIENT_ID, EMAIL } from '../../support/sigstore/provider.ts';
import { thrownBy } from '../../support/thrown.ts';
import { openServices, signal } from './open-services.ts';
import { PASSPHRASE, PUBLIC_KEY, SEALED_KEY } from './vectors.ts';

const bytes = Buffer.from('{"schemaVersion":2}');
const manifest = { bytes, digest: digestOf(bytes) };
const IDENTITY = 'r.test/a:1';

/** A signer with this parameter file, in which the words in capitals are filled in. */
async function openSigner(text: string, rekorKey = true) {
  const { services, options } = await openServices();
  const directory = await temporaryDirectory();
  const path = join(directory, 'param.yaml');
  const words: Readonly<Record<string, string>> = {
    DIRECTORY: directory,
    REKOR: services.rekorURL,
    FULCIO: services.fulcioURL,
    ISSUER: services.issuerURL,
    CLIENT: CLIENT_ID,
    TOKEN: await services.provider.token(),
  };
  await writeFile(
    path,
    text.replaceAll(/[A-Z]{5,}/g, (word) => words[word] ?? word),
  );
  await writeFile(join(directory, 'cosign.key'), SEALED_KEY);
  await writeFile(join(directory, 'phrase'), `${PASSPHRASE.toString()}\nsecond line`);
  const rekorKeyFile = join(directory, 'rekor.pub');
  await writeFile(rekorKeyFile, services.log.publicKey);
  const told: string[] = [];
  const pages: Promise<string>[] = [];
  let now = Date.now();
  // Who waits for a browser sleeps as long as that takes.
  const waiting = text.includes('interactive') ? systemClock : options.clock;
  const clock = { ...waiting, now: () => now };
  const key = keyOfParameters(path, {
    ...options,
    clock,
    passphrase: async () => PASSPHRASE,
    rekorKeyFile: rekorKey ? rekorKeyFile : undefined,
    tell: (message) => told.push(message),
    showPage: (page) => {
      pages.push(fetch(page).then((answer) => answer.text()));
    },
  });
  return {
    services,
    signer: createAttachmentSigner(key, { creator: 'ocipush 1.2.3', clock }),
    path,
    told,
    pages,
    directory,
    advance: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

function sigstore(signature: Signature) {
  if (signature.format !== 'sigstore') throw new Error(signature.format);
  const { payload, annotations } = signature;
  return {
    payload: Buffer.from(payload),
    annotations,
    bytes: Buffer.from(annotations['dev.cosignproject.cosign/signature'] ?? '', 'base64'),
    certificate: annotations['dev.sigstore.cosign/certificate'] ?? '',
  };
}

const KEY = 'privateKeyFile: DIRECTORY/cosign.key\nprivateKeyPassphraseFile: DIRECTORY/phrase\n';
const STATIC = 'fulcio:\n  fulcioURL: FULCIO\n  oidcMode: staticToken\n  oidcIDToken: TOKEN\n';
const DEVICE =
  'fulcio:\n  fulcioURL: FULCIO\n  oidcMode: deviceGrant\n  oidcIssuerURL: ISSUER\n  oidcClientID: CLIENT\n';
const REKOR = 'rekorURL: REKOR\n';

describe('the key of a parameter file', () => {
  test('signs with a key alone', async () => {
    const { signer, path, services } = await openSigner(KEY);
    expect(signer.name).toBe(path);
    await signer.prepare(signal);
    const signature = await signer.sign(manifest, IDENTITY, signal);
    const { payload, annotations, bytes: signed } = sigstore(signature);
    expect(verify('sha256', payload, createPublicKey(PUBLIC_KEY), signed)).toBe(true);
    expect(Object.keys(annotations)).toEqual(['dev.cosignproject.cosign/signature']);
    expect(services.requests).toEqual([]);
    expect(await signer.recognizes?.(signature, manifest.digest, IDENTITY, signal)).toBe(true);
  });

  test('asks for a passphrase that is in no file', async () => {
    const { signer } = await openSigner('privateKeyFile: DIRECTORY/cosign.key');
    await signer.prepare(signal);
    expect(sigstore(await signer.sign(manifest, IDENTITY, signal)).bytes).not.toHaveLength(0);
  });

  test('puts what a key signed on record', async () => {
    const { signer, services } = await openSigner(KEY + REKOR);
    await signer.prepare(signal);
    expect(services.requests).toEqual([]);
    const signature = await signer.sign(manifest, IDENTITY, signal);
    const { annotations } = sigstore(signature);
    const { Payload } = JSON.parse(annotations['dev.sigstore.cosign/bundle'] ?? '') as {
      readonly Payload: { readonly body: string; readonly logIndex: number };
    };
    const record = JSON.parse(Buffer.from(Payload.body, 'base64').toString()) as object;
    expect(services.log.records).toEqual([record]);
    const [stored] = services.log.records;
    const key = (stored as HashedRecord).spec.signature.publicKey.content;
    expect(Buffer.from(key, 'base64').toString()).toBe(PUBLIC_KEY);
    expect(await signer.recognizes?.(signature, manifest.digest, IDENTITY, signal)).toBe(true);
    const { 'dev.sigstore.cosign/bundle': _, ...unlogged } = annotations;
    const bare = { ...signature, annotations: unlogged } as Signature;
    expect(await signer.recognizes?.(bare, manifest.digest, IDENTITY, signal)).toBe(false);
  });

  test('signs with an identity', async () => {
    const { signer, services } = await openSigner(STATIC + REKOR);
    await signer.prepare(signal);
    expect(services.requests).toEqual(['POST /fulcio/api/v1/signingCert']);
    const first = sigstore(await signer.sign(manifest, IDENTITY, signal));
    const second = sigstore(await signer.sign(manifest, 'r.test/b:1', signal));
    const leaf = new X509Certificate(first.certificate);
    expect(leaf.subjectAltName).toBe(`email:${EMAIL}`);
    expect(verify('sha256', first.payload, leaf.publicKey, first.bytes)).toBe(true);
    expect(second.certificate).toBe(first.certificate);
    expect(first.annotations['dev.sigstore.cosign/chain']).toBe(services.authority.certificate);
    const [record] = services.log.records;
    const verifier = (record as HashedRecord).spec.signature.publicKey.content;
    expect(Buffer.from(verifier, 'base64').toString()).toBe(first.certificate);
    expect(services.requests).toHaveLength(3);
  });

  test('gets a new certificate when one ends, and asks the user once', async () => {
    const { signer, services, told, advance } = await openSigner(DEVICE);
    await signer.prepare(signal);
    const first = sigstore(await signer.sign(manifest, IDENTITY, signal));
    advance(9 * 60_000);
    const second = sigstore(await signer.sign(manifest, IDENTITY, signal));
    expect(second.certificate).toBe(first.certificate);
    advance(31_000);
    const third = sigstore(await signer.sign(manifest, IDENTITY, signal));
    expect(third.certificate).not.toBe(first.certificate);
    expect(services.requests.filter((request) => request.includes('signingCert'))).toHaveLength(2);
    expect(told).toHaveLength(4);
  });

  test('signs in with the browser', async () => {
    const { signer, pages } = await openSigner(DEVICE.replace('deviceGrant', 'interactive'));
    await signer.prepare(signal);
    expect(await Promise.all(pages)).toEqual([expect.stringContaining('You are signed in.')]);
  });

  test('is only checked for a dry run, as far as that leaves no trace', async () => {
    const { signer, services } = await openSigner(STATIC + REKOR);
    await signer.check?.(signal);
    expect(services.requests).toEqual([]);
    const other = await openSigner(STATIC);
    const theirs = await other.signer.sign(manifest, IDENTITY, signal);
    expect(await signer.recognizes?.(theirs, manifest.digest, IDENTITY, signal)).toBe(false);
    expect(services.requests).toEqual([]);
    const locked = await openSigner(KEY.replace('/phrase', '/param.yaml'));
    const { code } = await thrownBy(locked.signer.check?.(signal) ?? Promise.resolve());
    expect(code).toBe('KEY_INVALID');
  });

  test('recognizes what it signed with an identity, and no other', async () => {
    const { signer } = await openSigner(STATIC);
    const signature = await signer.sign(manifest, IDENTITY, signal);
    expect(await signer.recognizes?.(signature, manifest.digest, IDENTITY, signal)).toBe(true);
    const other = await openSigner(STATIC);
    const theirs = await other.signer.sign(manifest, IDENTITY, signal);
    expect(await signer.recognizes?.(theirs, manifest.digest, IDENTITY, signal)).toBe(false);
  });

  test.each([
    ['bogus: 1', 'CONFIG_INVALID'],
    ['privateKeyFile: DIRECTORY/param.yaml', 'KEY_INVALID'],
    ['privateKeyFile: DIRECTORY/none', 'FILE_NOT_FOUND'],
    [KEY.replace('/phrase', '/param.yaml'), 'KEY_INVALID'],
    [KEY.replace('/phrase', '/none'), 'FILE_NOT_FOUND'],
    [STATIC.replace('TOKEN', 'a.b.c'), 'SIGNING_FAILED'],
  ])('is not ready with %j', async (text, code) => {
    const { signer } = await openSigner(text);
    expect(await thrownBy(signer.prepare(signal))).toMatchObject({ code, origin: 'config' });
  });

  test('is not ready when Fulcio refuses the token', async () => {
    const { signer, services } = await openSigner(STATIC);
    const { fulcioURL } = services;
    services.fault = () => ({ status: 401, body: 'no' });
    const error = await thrownBy(signer.prepare(signal));
    expect(error.message).toContain(`POST ${fulcioURL}/api/v1/signingCert returned 401: "no"`);
  });

  test('is not ready without the key of the log that it should know', async () => {
    const { signer, directory } = await openSigner(KEY + REKOR);
    await writeFile(join(directory, 'rekor.pub'), 'none');
    expect(await thrownBy(signer.prepare(signal))).toMatchObject({ code: 'KEY_INVALID' });
  });

  test('does not sign when the log saw the certificate at another time', async () => {
    const { signer, services } = await openSigner(STATIC + REKOR, false);
    await signer.prepare(signal);
    services.fault = async ({ path }, honest) => {
      const answer = await honest();
      if (!path.startsWith('/rekor')) return answer;
      return changedEntry(answer, (entry, id) => ({ [id]: { ...entry, integratedTime: 1 } }));
    };
    const error = await thrownBy(signer.sign(manifest, IDENTITY, signal));
    expect(error).toMatchObject({ code: 'SIGNING_FAILED', retryable: true });
  });
});
