/** Parameters, tokens and answers of signing services, and signatures that are there, whatever is wrong with them. */
import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { parseDigest } from '../../src/image/digest.ts';
import { encodeImageManifest } from '../../src/image/manifest.ts';
import { OCI_MANIFEST } from '../../src/image/media-types.ts';
import { claims } from '../../src/signing/payload.ts';
import { extendAttachments, parseAttachments } from '../../src/signing/sigstore/attachments.ts';
import { runDeviceFlow } from '../../src/signing/sigstore/device-flow.ts';
import { obtainCertificate } from '../../src/signing/sigstore/fulcio.ts';
import { checkAudience, parseIdentityToken } from '../../src/signing/sigstore/identity-token.ts';
import { readParameterFile } from '../../src/signing/sigstore/parameter-file.ts';
import { sigstoreClaim } from '../../src/signing/sigstore/payload.ts';
import { publicPem } from '../../src/signing/sigstore/private-key.ts';
import { hashedRecord } from '../../src/signing/sigstore/log-records.ts';
import { putOnRecord } from '../../src/signing/sigstore/rekor.ts';
import { sigstoreSignature } from '../../src/signing/sigstore/sigstore-signature.ts';
import { CLAIM, PAYLOAD } from '../signing/sigstore/vectors.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { registryOptions } from '../support/registry-options.ts';
import { sharedDirectory } from '../support/scratch.ts';
import { fuzzAll, lenient, refusing } from './fuzz.ts';
import { KEYS } from './key-vectors.ts';
import { json } from './json-mutations.ts';
import { textBytes, texts } from './mutations.ts';
import { playAnswers } from './played-answers.ts';

const PARAMETERS = [
  'privateKeyFile: "/key"\nprivateKeyPassphraseFile: /passphrase\nrekorURL: https://rekor.test\n',
  `fulcio:
  fulcioURL: "https://fulcio.test"
  oidcMode: deviceGrant
  oidcIssuerURL: https://oidc.test
  oidcClientID: me
rekorURL: https://rekor.test
`,
];

const CLIENT = { issuer: new URL('https://oidc.test'), clientID: 'me', clientSecret: '' };
const CLAIMS = JSON.stringify({
  iss: 'https://oidc.test',
  aud: ['me'],
  sub: 'x',
  exp: 2_000_000_000,
  nonce: 'y',
  email: 'me@a.test',
  email_verified: true,
});
const DISCOVERY = JSON.stringify({
  issuer: 'https://oidc.test',
  authorization_endpoint: 'https://oidc.test/auth',
  device_authorization_endpoint: 'https://oidc.test/device',
  token_endpoint: 'https://oidc.test/token',
});
const DEVICE = JSON.stringify({
  device_code: 'x',
  user_code: 'AB-CD',
  verification_uri: 'https://oidc.test/page',
  expires_in: 300,
  interval: 5,
});

const attached = extendAttachments(undefined, [
  sigstoreSignature(Buffer.from(PAYLOAD), Buffer.from('signature')),
]);
const STORED = {
  manifest: Buffer.from(attached?.manifest.bytes ?? '').toString(),
  config: Buffer.from(attached?.config.bytes ?? '').toString(),
};

const play = playAnswers();
const file = join(await sharedDirectory(), 'file');
const options = { ...registryOptions(), clock: fakeClock() };
const { signal } = new AbortController();
const key = createPrivateKey(KEYS.key);
const claim = sigstoreClaim(parseDigest(CLAIM.digest), CLAIM.identity);

/** A token with these claims, which nobody has signed. */
function tokenOf(text: string | Uint8Array): string {
  return ['{"alg":"none"}', text, 'x']
    .map((part) => Buffer.from(part as string).toString('base64url'))
    .join('.');
}

const identity = await parseIdentityToken(tokenOf(CLAIMS));

const TEXTS = [
  refusing('parameter file', {
    inputs: textBytes(PARAMETERS),
    read: async (input) => {
      await writeFile(file, input);
      await readParameterFile(file);
    },
    refusals: ['CONFIG_INVALID'],
  }),
  refusing('claims of an ID token', {
    inputs: json([CLAIMS]),
    read: async (input) => {
      const token = await parseIdentityToken(tokenOf(input));
      checkAudience(token, { ...CLIENT, nonce: 'y' });
      assert.ok(token.subject !== '');
    },
    refusals: ['SIGNING_FAILED'],
  }),
  refusing('ID token', {
    inputs: texts([tokenOf(CLAIMS)]),
    read: async (text) => assert.match((await parseIdentityToken(text)).text, /^[\w.-]+$/),
    refusals: ['SIGNING_FAILED'],
  }),
  lenient('payload of a signature', {
    inputs: json([PAYLOAD]),
    finds: (payload) => claims(payload, claim),
  }),
  refusing('signatures that are attached', {
    inputs: fc.tuple(json([STORED.manifest]), json([STORED.config])),
    read: ([manifest, config]) => {
      const added = sigstoreSignature(Buffer.from('{}'), Buffer.from('other'));
      const extended = extendAttachments({ manifest, config }, [added]);
      assert.ok(extended);
      const { layers } = parseAttachments(extended.manifest.bytes);
      // Written again, half a surrogate pair is U+FFFD, as Go has it.
      const before = parseAttachments(encodeImageManifest(parseAttachments(manifest))).layers;
      assert.deepEqual(layers.slice(0, before.length), before);
      assert.equal(extended.manifest.mediaType, OCI_MANIFEST);
    },
    refusals: ['MANIFEST_INVALID'],
  }),
];

const ANSWERS = [
  refusing('entry of Rekor', {
    inputs: json([KEYS.logEntry]),
    read: async (body) => {
      play({ status: 201, body });
      const log = { service: new URL('https://rekor.test'), key: createPublicKey(KEYS.logKey) };
      const signature = Buffer.from(KEYS.signature, 'base64');
      const logged = { payload: Buffer.from(PAYLOAD), signature, verifier: publicPem(key) };
      const entry = await putOnRecord(log, hashedRecord(logged), options, signal);
      const [honest] = Object.values(JSON.parse(KEYS.logEntry) as object) as [typeof entry];
      for (const name of ['body', 'integratedTime', 'logID', 'logIndex'] as const) {
        // Not as Object.is(), which tells 0 from -0.
        assert.ok(entry[name] === honest[name]);
      }
    },
    refusals: ['SIGNING_FAILED'],
  }),
  refusing('certificates of Fulcio', {
    inputs: textBytes([KEYS.leaf + KEYS.root, KEYS.leaf]),
    read: async (body) => {
      play({ status: 201, body });
      const wish = { service: new URL('https://fulcio.test'), token: identity, key };
      const { certificate } = await obtainCertificate(wish, options, signal);
      assert.equal(certificate, KEYS.leaf);
    },
    refusals: ['SIGNING_FAILED'],
  }),
  refusing('provider of identities', {
    inputs: fc.tuple(
      json([DISCOVERY]),
      json([DEVICE]),
      json([`{"id_token":"${tokenOf(CLAIMS)}"}`]),
    ),
    read: async ([discovery, device, token]) => {
      play(
        { status: 200, body: discovery },
        { status: 200, body: device },
        { status: 400, body: '{"error":"authorization_pending"}' },
        { status: 200, body: token },
      );
      // What is shown does nothing to a terminal.
      const tell = (text: string) => assert.match(text, /^[ -~]+$/);
      await runDeviceFlow(CLIENT, tell, options, signal);
    },
    refusals: ['SIGNING_FAILED'],
  }),
];

fuzzAll('signing', TEXTS, { suite: 150, night: 8000 });
fuzzAll('signing services', ANSWERS, { suite: 100, night: 3000 });
