/** Files that configure a push, and what machines keep beside them, whatever is wrong with them. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { createCertificateLookup } from '../../src/config/certs-d.ts';
import { readContainersConf } from '../../src/config/containers-conf.ts';
import { readKeyProvider } from '../../src/config/keyprovider-config.ts';
import { readRegistriesConf } from '../../src/config/registries-conf.ts';
import { ruleFor } from '../../src/config/registry-rules.ts';
import { readStorageConf } from '../../src/config/storage-conf.ts';
import { readSystemAuthorities } from '../../src/config/system-authorities.ts';
import { warnNobody } from '../../src/config/warn.ts';
import { digestOf } from '../../src/image/digest.ts';
import { openBlobCache } from '../../src/push/blob-cache.ts';
import { FIRST_CERTIFICATE, FIRST_KEY, SECOND_CERTIFICATE } from '../config/certificates.ts';
import { sharedDirectory } from '../support/scratch.ts';
import { fuzzAll, lenient, refusing } from './fuzz.ts';
import { json } from './json-mutations.ts';
import { textBytes } from './mutations.ts';

const PROVIDERS = [
  '{"key-providers":{"x":{"cmd":{"path":"/bin/x","args":["a"]}}}}',
  '{"key-providers":{"x":{"grpc":"a:1","grpc-tls":{"root-ca-file":"/c","insecure-skip-verify":true}}}}',
];

const CONTAINERS_CONF = `[engine]
retry = 3
retry_delay = "2s"
compression_format = "zstd"
compression_level = 5
image_parallel_copies = 6
add_compression = ["gzip", {append = true}]
env = ["A=B"]
`;

const REGISTRIES_CONF = [
  `unqualified-search-registries = ["a.b", 'c.d:1']
credential-helpers = ["containers-auth.json", "x"]
[aliases]
"x" = "a.b/x"
[[registry]]
prefix = "*.e.f"
blocked = true
[[registry]]
location = "a.b/c"
insecure = true
`,
  '[registries.search]\nregistries = ["a.b"]\n[registries.insecure]\nregistries = ["c.d/"]\n',
];

const STORAGE_CONF = `[storage]
driver = "overlay2"
graphroot = "/graph/$UID"
imagestore = "/images"
rootless_storage_path = "$HOME/x\${UID}"
[storage.options]
additionalimagestores = ["/a", "/b"]
`;
const CACHED = ['c', 'd'].map((codec) =>
  JSON.stringify({
    source: digestOf(Buffer.from('a')),
    codec,
    digest: digestOf(Buffer.from('b')),
    size: 1,
  }),
);

const directory = await sharedDirectory();
const file = join(directory, 'file');
const certificates = join(directory, 'certs.d');
await mkdir(certificates);

/** Has `read` find the input in a file. */
function inFile(
  inputs: fc.Arbitrary<Buffer>,
  read: () => Promise<unknown>,
  examples: readonly Buffer[] = [],
) {
  const written = async (input: Buffer): Promise<void> => {
    await writeFile(file, input);
    await read();
  };
  return { inputs, read: written, refusals: ['CONFIG_INVALID'] as const, examples };
}

const FILES = [
  lenient('cache of what layers became', {
    inputs: json([CACHED.join('\n')]),
    finds: async (input) => {
      await writeFile(join(directory, 'recoded.jsonl'), input);
      return (await openBlobCache(directory)).recodings(digestOf(Buffer.from('a'))).size > 0;
    },
    examples: [Buffer.from(`{"codec":"c","size":1,"digest":{"toString":1}}`)],
  }),
  refusing(
    'containers.conf',
    inFile(textBytes([CONTAINERS_CONF]), () =>
      readContainersConf({ CONTAINERS_CONF: file }, warnNobody),
    ),
  ),
  refusing(
    'registries.conf',
    inFile(textBytes(REGISTRIES_CONF), async () => {
      const environment = { CONTAINERS_REGISTRIES_CONF: file };
      const { rules } = await readRegistriesConf(environment, warnNobody, '/nowhere');
      ruleFor(rules, 'a.b/c/d');
    }),
  ),
  refusing(
    'storage.conf',
    inFile(textBytes([STORAGE_CONF]), () =>
      readStorageConf({ CONTAINERS_STORAGE_CONF: file, HOME: '/home' }, warnNobody, {
        uid: 1000,
        systemDirectories: [],
      }),
    ),
  ),
  refusing(
    'key providers',
    inFile(json(PROVIDERS), () => readKeyProvider('x', { OCICRYPT_KEYPROVIDER_CONFIG: file }), [
      Buffer.from('{"key-providers":{"x":{"cmd":{"path":"x","args":[{"toString":1}]}}}}'),
    ]),
  ),
  lenient('file of authorities', {
    inputs: textBytes([FIRST_CERTIFICATE + SECOND_CERTIFICATE]),
    finds: async (input) => {
      await writeFile(file, input);
      const environment = { SSL_CERT_FILE: file, SSL_CERT_DIR: '/nowhere' };
      const found = readSystemAuthorities(environment) ?? [];
      for (const each of found) assert.match(each, /^-----BEGIN CERTIFICATE-----[^-]*-----END/);
      return found.length > 0;
    },
  }),
  refusing('certs.d', {
    inputs: fc.tuple(
      textBytes([FIRST_CERTIFICATE]),
      textBytes([FIRST_CERTIFICATE]),
      textBytes([FIRST_KEY]),
    ),
    read: async ([authority, certificate, key]) => {
      await writeFile(join(certificates, 'ca.crt'), authority);
      await writeFile(join(certificates, 'client.cert'), certificate);
      await writeFile(join(certificates, 'client.key'), key);
      await createCertificateLookup({ certDir: certificates })('a.b');
    },
    refusals: ['CONFIG_INVALID'],
  }),
];

fuzzAll('configuration files', FILES, { suite: 80, night: 2000 });
