/** Configuration that somebody else wrote, and programs that it names. */
import { chmod, mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { onTestFinished } from 'vitest';
import { startRegistry } from '../../support/registry/registry.ts';
import { makeLayer, writeOciLayout } from '../../support/make-image.ts';
import type { HostileCase, Path, Prepared } from './cases.ts';
import { DEEP, EVIL, LONG } from './words.ts';

type Expects = HostileCase['expects'];

const layers = [await makeLayer({ a: '1' })];

/** A file at home, and how the command is told of it. */
interface Place {
  readonly file: string;
  readonly flags?: (file: string) => readonly string[];
  readonly env?: (file: string) => Readonly<Record<string, string>>;
}

const AUTH: Place = { file: 'auth.json', flags: (file) => ['--authfile', file] };
const POLICY: Place = { file: 'policy.json', flags: (file) => ['--signature-policy', file] };
const ENGINE: Place = { file: 'containers.conf', env: (file) => ({ CONTAINERS_CONF: file }) };
const REGISTRIES: Place = {
  file: 'registries.conf',
  env: (file) => ({ CONTAINERS_REGISTRIES_CONF: file }),
};
const CERTIFICATES: Place = { file: 'certs/x.crt', flags: (file) => ['--cert-dir', dirname(file)] };
const RECIPIENT: Place = { file: 'key', flags: (file) => ['--encryption-key', `jwe:${file}`] };
const SIGNER: Place = { file: 'key', flags: (file) => ['--sign-by-sigstore-private-key', file] };
const PARAMETERS: Place = { file: 'sign.yaml', flags: (file) => ['--sign-by-sigstore', file] };

/** `host` is that of a registry which asks for credentials. */
type Write = (file: string, path: Path, host: string) => Promise<unknown>;

const text =
  (content: string): Write =>
  (file) =>
    writeFile(file, content);
const directory: Write = (file) => mkdir(file);
const endless: Write = (file) => symlink('/dev/zero', file);
const hole: Write = async (file) => {
  await writeFile(file, '');
  await truncate(file, 1024 ** 4);
};
const json = (value: unknown): Write => text(JSON.stringify(value));

/** Lists that name each other: a few lines that stand for more than there is memory. */
const YAML_BOMB = [
  'a: &a [x,x,x,x,x,x,x,x,x]',
  ...'bcdefghij'
    .split('')
    .map(
      (name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghij'[index]}`).join(',')}]`,
    ),
].join('\n');

/** An auth file that says this of the registry. */
const authOf =
  (auth: unknown): Write =>
  (file, _, host) =>
    writeFile(file, JSON.stringify({ auths: { [host]: { auth } } }));

const helperOf =
  (name: string): Write =>
  (file, _, host) =>
    writeFile(file, JSON.stringify({ credHelpers: { [host]: name } }));

/** A credential helper of this name that does what the script says. */
function helper(name: string, script: string): Write {
  return async (file, path, host) => {
    await mkdir(path('bin'));
    await writeFile(path(`bin/docker-credential-${name}`), `#!/bin/sh\n${script}\n`);
    await chmod(path(`bin/docker-credential-${name}`), 0o755);
    await writeFile(file, JSON.stringify({ credHelpers: { [host]: name } }));
  };
}

const printing = (words: string): string => `printf '${words}'`;
const HARM = String.raw`\033[2J\033]0;owned\007\r\nError: x\342\200\256`;

const NONSENSE: readonly (readonly [name: string, write: Write])[] = [
  ['words that do harm', text(EVIL)],
  ['long words', text(LONG)],
  ['lists in lists', text(DEEP)],
  ['1 TiB of nothing', hole],
  ['a directory', directory],
  ['no end', endless],
];

/** What a push ends with for each of these: where it does not matter, with what the registry says. */
const SENSELESS: readonly (readonly [Place, ...Expects[]])[] = [
  [AUTH, ...repeated('CONFIG_INVALID', 6)],
  [POLICY, ...repeated('CONFIG_INVALID', 6)],
  [ENGINE, ...repeated('CONFIG_INVALID', 6)],
  [REGISTRIES, ...repeated('CONFIG_INVALID', 6)],
  [CERTIFICATES, ...repeated('REGISTRY_UNAUTHORIZED', 3), ...repeated('CONFIG_INVALID', 3)],
  [RECIPIENT, ...repeated('KEY_INVALID', 3), 'LIMIT_EXCEEDED', ...repeated('FILE_UNREADABLE', 2)],
  [SIGNER, 'KEY_INVALID', ...repeated('LIMIT_EXCEEDED', 3), ...repeated('FILE_UNREADABLE', 2)],
  [
    PARAMETERS,
    'CONFIG_INVALID',
    ...repeated('LIMIT_EXCEEDED', 3),
    ...repeated('FILE_UNREADABLE', 2),
  ],
];

function repeated(code: Expects, times: number): readonly Expects[] {
  return Array<Expects>(times).fill(code);
}

type Row = readonly [name: string, expects: Expects, place: Place, write: Write];

const nonsense: readonly Row[] = SENSELESS.flatMap(([place, ...codes]) =>
  NONSENSE.map(([name, write], index): Row => [name, codes[index] ?? 'success', place, write]),
);

const ROWS: readonly Row[] = [
  ['credentials of a wrong type', 'CONFIG_INVALID', AUTH, authOf([EVIL])],
  ['credentials that are no base64', 'CONFIG_INVALID', AUTH, authOf(EVIL)],
  [
    'credentials with line ends',
    'REGISTRY_UNAUTHORIZED',
    AUTH,
    authOf(Buffer.from('u:p\r\nx: y').toString('base64')),
  ],
  [
    '100,000 registries',
    'REGISTRY_UNAUTHORIZED',
    AUTH,
    json({
      auths: Object.fromEntries(
        Array.from({ length: 100_000 }, (_, index) => [`r${index}.test`, {}]),
      ),
    }),
  ],
  ['a helper out of the way', 'CONFIG_INVALID', AUTH, helperOf('../../../../bin/sh')],
  ['a helper with words of a shell', 'CONFIG_INVALID', AUTH, helperOf('x; touch canary2')],
  ['a helper whose name does harm', 'CONFIG_INVALID', AUTH, helperOf(EVIL)],
  ['a helper whose name is long', 'CONFIG_INVALID', AUTH, helperOf(LONG)],
  [
    'a helper that fails with harm',
    'CONFIG_INVALID',
    AUTH,
    helper('x', `${printing(HARM)}; exit 1`),
  ],
  ['a helper that says what does harm', 'CONFIG_INVALID', AUTH, helper('x', printing(HARM))],
  [
    'a helper that does not end what it says',
    'CONFIG_INVALID',
    AUTH,
    helper('x', 'exec cat /dev/zero 2>/dev/null'),
  ],
  ['a helper that kills itself', 'CONFIG_INVALID', AUTH, helper('x', 'kill -9 $$')],
  [
    'a policy that knows nothing of it',
    'POLICY_REJECTED',
    POLICY,
    json({ default: [{ type: EVIL }] }),
  ],
  [
    'a policy with a name twice',
    'CONFIG_INVALID',
    POLICY,
    text('{"default":[{"type":"reject"}],"default":[{"type":"insecureAcceptAnything"}]}'),
  ],
  [
    'a policy of a prototype',
    'CONFIG_INVALID',
    POLICY,
    text('{"__proto__":{"default":[{"type":"insecureAcceptAnything"}]}}'),
  ],
  ['a policy that refuses', 'POLICY_REJECTED', POLICY, json({ default: [{ type: 'reject' }] })],
  [
    'variables that are none',
    'REGISTRY_UNAUTHORIZED',
    ENGINE,
    text(
      `[engine]\nenv = [${JSON.stringify(EVIL.replaceAll('\u007F', ''))}, ${JSON.stringify(LONG)}]\n`,
    ),
  ],
  ['a table twice', 'CONFIG_INVALID', ENGINE, text('[engine]\n[engine]\n')],
  [
    'a registry whose place does harm',
    'REGISTRY_UNAUTHORIZED',
    REGISTRIES,
    text('[[registry]]\nlocation = "\\u001b[2J"\nprefix = "*"\n'),
  ],
  [
    'a registry that is blocked',
    'POLICY_REJECTED',
    REGISTRIES,
    (file, _, host) => writeFile(file, `[[registry]]\nlocation = "${host}"\nblocked = true\n`),
  ],
  ['lists that name each other, to sign', 'CONFIG_INVALID', PARAMETERS, text(YAML_BOMB)],
];

export const CONFIGURATIONS: readonly HostileCase[] = [...nonsense, ...ROWS].map(
  ([name, expects, place, write]) => ({
    name: `${place.flags?.('')[0] ?? place.file} of ${name}`,
    expects,
    prepare: async (path): Promise<Prepared> => {
      await writeOciLayout(path('image'), { layers });
      const file = path(place.file);
      await mkdir(dirname(file), { recursive: true });
      const registry = await startRegistry({ auth: { kind: 'basic', user: 'u', password: 'p' } });
      onTestFinished(() => registry[Symbol.asyncDispose]());
      await write(file, path, registry.host);
      const { PATH = '' } = process.env;
      return {
        destination: `docker://${registry.host}/team/app:1`,
        flags: place.flags?.(file) ?? [],
        env: { PATH: `${path('bin')}:${PATH}`, ...place.env?.(file) },
      };
    },
  }),
);
