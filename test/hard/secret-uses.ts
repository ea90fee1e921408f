/** Every use of a password, token, key or passphrase, and how each goes wrong. */
import { generateKey } from 'openpgp';
import { curvePair, rsaPair } from '../support/key-pairs.ts';
import type { RegistryAuth } from '../support/registry/auth.ts';
import type { FaultAction, FaultTarget } from '../support/registry/faults.ts';
import type { Scene } from '../support/scene.ts';
import {
  HELPER_NOTES,
  IDENTITY_TOKEN,
  PASSPHRASE,
  PASSWORD,
  plantArmor,
  USER,
} from '../support/secrets.ts';
import { sealKey } from '../signing/sigstore/seal-key.ts';

/** What the registry is like, what lies in the home, and what is typed. */
export interface Use {
  readonly code: 0 | 125;
  readonly auth?: RegistryAuth;
  /** `other` is the address of a registry that nothing of it is for. */
  readonly fault?: readonly [on: FaultTarget, action: (other: string) => FaultAction];
  readonly files?: (host: string, keys: Keys) => Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  readonly env?: (scene: Scene) => Readonly<Record<string, string>>;
  /** What stands on standard input of a login; a push unless set. */
  readonly login?: string;
  /** Programs that the command starts; none unless told. */
  readonly children?: number;
}

/** Private keys, each as it lies in a file. */
export interface Keys {
  readonly pgp: string;
  readonly sealed: string;
  readonly curve: string;
  readonly rsa: string;
}

export async function makeKeys(): Promise<Keys> {
  const made = await generateKey({ userIDs: [{ email: 'a@b.c' }], passphrase: PASSPHRASE });
  plantArmor(made.privateKey);
  const [curve, rsa] = [curvePair('P-256').privateKey, rsaPair().privateKey];
  const der = curve.export({ format: 'der', type: 'pkcs8' });
  return {
    pgp: made.privateKey,
    sealed: sealKey(der, { passphrase: Buffer.from(PASSPHRASE) }),
    curve: curve.export({ format: 'pem', type: 'pkcs8' }).toString(),
    rsa: rsa.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}

const BASIC = { kind: 'basic', user: USER, password: PASSWORD } as const;
const BEARER = { kind: 'bearer', user: USER, password: PASSWORD } as const;
const TOKEN = { kind: 'bearer', identityToken: IDENTITY_TOKEN } as const;
const ENCODED = Buffer.from(`${USER}:${PASSWORD}`).toString('base64');
const CREDS = ['--creds', `${USER}:${PASSWORD}`];
const AGAIN = { times: Infinity };

const redirected = (other: string): FaultAction => ({
  status: 307,
  headers: { location: `${other}/v2/team/app/manifests/1` },
});
const ledAway = (other: string): FaultAction => ({
  changeHeaders: (headers) => ({ ...headers, location: `${other}/upload` }),
});
const refused = (status: number) => (): FaultAction => ({ status });

const authFile = (auth: object) => (host: string) => ({
  'auth.json': JSON.stringify({ auths: { [host]: auth } }),
});
const AUTHFILE = ['--authfile=auth.json'];
const PHRASE = ['--sign-passphrase-file=phrase'];

/** A credential helper that has, and takes, the password. */
const HELPER = `#!/bin/sh
[ "$1" = get ] && echo '{"Username":"${USER}","Secret":"${PASSWORD}"}'
exec cat >> "$HOME/${HELPER_NOTES}"
`;
const withHelper = ({ path }: Scene) => ({ PATH: `${path('bin')}:${process.env['PATH']}` });
const helperFile = (host: string): string => JSON.stringify({ credHelpers: { [host]: 'test' } });

const signing = (key: string, passphrase = PASSPHRASE) => ({
  key,
  phrase: `${passphrase}\n`,
  '.config/containers/registries.d/a.yaml':
    'default-docker:\n  lookaside: https://r.example/s\n  use-sigstore-attachments: true\n',
});

/** What a push is given. */
export const PUSHES: readonly (readonly [what: string, use: Use])[] = [
  ['a password', { code: 0, auth: BASIC, flags: CREDS }],
  ['a password for tokens', { code: 0, auth: BEARER, flags: CREDS }],
  [
    'a password in an auth file',
    { code: 0, auth: BEARER, files: authFile({ auth: ENCODED }), flags: AUTHFILE },
  ],
  [
    'an identity token',
    { code: 0, auth: TOKEN, files: authFile({ identitytoken: IDENTITY_TOKEN }), flags: AUTHFILE },
  ],
  [
    'a helper',
    {
      code: 0,
      auth: BASIC,
      files: (host) => ({ 'auth.json': helperFile(host), 'bin/docker-credential-test': HELPER }),
      flags: AUTHFILE,
      env: withHelper,
      children: 1,
    },
  ],
  [
    'DOCKER_AUTH_CONFIG',
    {
      code: 0,
      auth: BASIC,
      env: ({ registry }) => ({
        DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [registry.host]: { auth: ENCODED } } }),
      }),
    },
  ],
  [
    'an auth file that is none',
    {
      code: 125,
      auth: BASIC,
      files: () => ({ 'auth.json': `{"auths":{"a":"${PASSWORD}"` }),
      flags: AUTHFILE,
    },
  ],
  [
    'an auth file of another kind',
    { code: 125, auth: BASIC, files: authFile({ auth: [PASSWORD, ENCODED] }), flags: AUTHFILE },
  ],
  [
    'DOCKER_AUTH_CONFIG that is none',
    { code: 125, auth: BASIC, env: () => ({ DOCKER_AUTH_CONFIG: ENCODED }) },
  ],
  ['a flag that is none', { code: 125, flags: [`--cred=${USER}:${PASSWORD}`] }],
  [
    'a password that is not right',
    { code: 125, auth: BASIC, fault: [{ method: 'POST', ...AGAIN }, refused(401)], flags: CREDS },
  ],
  [
    'a password that does not permit it',
    { code: 125, auth: BASIC, fault: [{ method: 'POST', ...AGAIN }, refused(403)], flags: CREDS },
  ],
  [
    'a token server that fails',
    { code: 125, auth: BEARER, fault: [{ path: '/token', ...AGAIN }, refused(500)], flags: CREDS },
  ],
  [
    'a token server that refuses an identity token',
    {
      code: 125,
      auth: TOKEN,
      fault: [{ path: '/token', ...AGAIN }, refused(401)],
      files: authFile({ identitytoken: IDENTITY_TOKEN }),
      flags: AUTHFILE,
    },
  ],
  [
    'a registry that redirects',
    {
      code: 125,
      auth: BEARER,
      fault: [{ method: 'PUT', path: /manifests/, ...AGAIN }, redirected],
      flags: CREDS,
    },
  ],
  [
    'a registry that has uploads go on elsewhere',
    { code: 125, auth: BASIC, fault: [{ method: 'POST', ...AGAIN }, ledAway], flags: CREDS },
  ],
  [
    'a private key to encrypt for',
    { code: 125, files: (_, { curve }) => ({ key: curve }), flags: ['--encryption-key=jwe:key'] },
  ],
  [
    'a private key that signs for sigstore',
    {
      code: 0,
      files: (_, { sealed }) => signing(sealed),
      flags: ['--sign-by-sigstore-private-key=key', ...PHRASE],
    },
  ],
  [
    'a private key that is in no envelope',
    {
      code: 0,
      files: (_, { rsa }) => signing(rsa),
      flags: ['--sign-by-sigstore-private-key=key', ...PHRASE],
    },
  ],
  [
    'a passphrase that is wrong for a key',
    {
      code: 125,
      files: (_, { sealed }) => signing(sealed, `${PASSPHRASE}!`),
      flags: ['--sign-by-sigstore-private-key=key', ...PHRASE],
    },
  ],
  [
    'a private key in a file of PGP, for whose signatures there is no room',
    { code: 125, files: (_, { pgp }) => signing(pgp), flags: ['--sign-by=./key', ...PHRASE] },
  ],
  [
    'a passphrase that is wrong for one of PGP',
    {
      code: 125,
      files: (_, { pgp }) => signing(pgp, `${PASSPHRASE}!`),
      flags: ['--sign-by=./key', ...PHRASE],
    },
  ],
  [
    'a passphrase in the place of the key',
    { code: 125, files: () => signing(PASSPHRASE), flags: ['--sign-by=./key', ...PHRASE] },
  ],
];

/** What a login is given. */
export const LOGINS: readonly (readonly [what: string, use: Use])[] = [
  ['a password', { code: 0, auth: BASIC, login: PASSWORD }],
  ['a password for tokens', { code: 0, auth: BEARER, login: PASSWORD }],
  [
    'a password that is not right',
    {
      code: 125,
      auth: BASIC,
      fault: [{ path: '/v2/', nth: 2, ...AGAIN }, refused(401)],
      login: PASSWORD,
    },
  ],
  [
    'a password at a registry that fails',
    { code: 125, auth: BASIC, fault: [{ ...AGAIN }, refused(503)], login: PASSWORD },
  ],
  [
    'a password at a registry that redirects',
    {
      code: 125,
      auth: BASIC,
      fault: [{ path: '/v2/', nth: 2, ...AGAIN }, redirected],
      login: PASSWORD,
    },
  ],
  [
    'a password that a helper keeps',
    {
      code: 0,
      auth: BASIC,
      files: (host) => ({ 'auth.json': helperFile(host), 'bin/docker-credential-test': HELPER }),
      flags: AUTHFILE,
      env: withHelper,
      login: PASSWORD,
      children: 2,
    },
  ],
  [
    'a password where a login cannot be kept',
    { code: 125, auth: BASIC, flags: ['--authfile=image/index.json/auth.json'], login: PASSWORD },
  ],
];
