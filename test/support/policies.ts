/** Signature verification policies that this project and skopeo must take alike, and images to judge. */
import { mkdir, readFile, symlink } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { writeDir, writeDockerArchive, writeOciArchive, writeOciLayout } from './make-image.ts';

type Verdict = 'accept' | 'reject';

/** What a policy says, by transport and scope. */
type Scopes = Readonly<Record<string, Readonly<Record<string, Verdict>>>>;

/**
 * A source, what a policy says that rejects all else, and what becomes of the source. HERE stands for
 * the working directory, with what {@link writePolicyPlaces} makes; HOST for a registry at 127.0.0.1
 * with the image `ns/x:1`, whose digest is DIGEST. Engines have any image.
 */
export const LOOKUPS: readonly (readonly [source: string, Scopes, Verdict])[] = [
  ['oci:HERE/ns/image', {}, 'reject'],
  ['oci:HERE/ns/image', { oci: {} }, 'reject'],
  ['oci:HERE/ns/image', { oci: { '': 'accept' } }, 'accept'],
  ['oci:HERE/ns/image', { oci: { 'HERE/ns/image': 'accept' } }, 'accept'],
  ['oci:HERE/ns/image:1', { oci: { 'HERE/ns/image': 'accept' } }, 'accept'],
  ['oci:HERE/ns/image:1', { oci: { 'HERE/ns/image:1': 'accept' } }, 'reject'],
  ['oci:HERE/ns/image', { oci: { 'HERE/ns': 'accept' } }, 'accept'],
  ['oci:HERE/ns/image', { oci: { 'HERE/n': 'accept' } }, 'reject'],
  ['oci:HERE/ns/image', { oci: { '/tmp': 'accept' } }, 'accept'],
  ['oci:HERE/ns/image', { oci: { '/tmp': 'accept', 'HERE/ns': 'reject' } }, 'reject'],
  ['oci:HERE/ns/image', { oci: { 'HERE/ns': 'reject', 'HERE/ns/image': 'accept' } }, 'accept'],
  ['oci:HERE/ns/image', { oci: { '': 'accept', 'HERE/ns/image': 'reject' } }, 'reject'],
  ['oci:ns/image', { oci: { 'HERE/ns/image': 'accept' } }, 'accept'],
  ['oci:link/../link/image', { oci: { 'HERE/ns/image': 'accept' } }, 'accept'],
  ['oci:HERE/link/image', { oci: { 'HERE/link': 'accept' } }, 'reject'],
  ['oci:HERE/ns/image', { dir: { '': 'accept' }, 'oci-archive': { '': 'accept' } }, 'reject'],
  ['dir:HERE/ns/dir', { dir: { 'HERE/ns/dir': 'accept' } }, 'accept'],
  ['dir:HERE/ns/dir', { dir: { 'HERE/ns': 'accept' } }, 'accept'],
  ['dir:HERE/ns/dir', { oci: { '': 'accept' } }, 'reject'],
  ['dir:HERE/link/dir/', { dir: { 'HERE/ns/dir': 'accept' } }, 'accept'],
  ['oci-archive:HERE/ns/oci.tar', { 'oci-archive': { 'HERE/ns/oci.tar': 'accept' } }, 'accept'],
  ['oci-archive:link/oci.tar:1', { 'oci-archive': { 'HERE/ns': 'accept' } }, 'accept'],
  ['oci-archive:link/oci.tar:1', { 'oci-archive': { 'HERE/link': 'accept' } }, 'reject'],
  ['oci-archive:HERE/ns/oci.tar', { oci: { '': 'accept' } }, 'reject'],
  ['docker-archive:HERE/ns/docker.tar', { 'docker-archive': { '': 'accept' } }, 'accept'],
  ['docker-archive:HERE/ns/docker.tar', { docker: { '': 'accept' } }, 'reject'],
  ['docker://HOST/ns/x:1', { docker: { '': 'accept' } }, 'accept'],
  ['docker://HOST/ns/x:1', { docker: { 'HOST/ns/x:1': 'accept' } }, 'accept'],
  ['docker://HOST/ns/x:1', { docker: { 'HOST/ns/x:2': 'accept' } }, 'reject'],
  ['docker://HOST/ns/x:1', { docker: { 'HOST/ns/x': 'accept' } }, 'accept'],
  ['docker://HOST/ns/x:1', { docker: { 'HOST/ns': 'accept' } }, 'accept'],
  ['docker://HOST/ns/x:1', { docker: { 'HOST/n': 'accept' } }, 'reject'],
  ['docker://HOST/ns/x:1', { docker: { HOST: 'accept' } }, 'accept'],
  ['docker://HOST/ns/x:1', { docker: { '127.0.0.1': 'accept' } }, 'reject'],
  ['docker://HOST/ns/x:1', { docker: { '*.0.0.1': 'accept' } }, 'accept'],
  ['docker://HOST/ns/x:1', { docker: { '*.0.0.1': 'reject', '*.1': 'accept' } }, 'reject'],
  ['docker://HOST/ns/x:1', { docker: { HOST: 'reject', '*.0.0.1': 'accept' } }, 'reject'],
  ['docker://HOST/ns/x:1', { docker: { '*.1': 'accept' } }, 'accept'],
  ['docker://HOST/ns/x:1', { docker: { '*.127.0.0.1': 'accept' } }, 'reject'],
  ['docker://HOST/ns/x:1', { docker: { '*': 'accept' } }, 'reject'],
  ['docker://HOST/ns/x@DIGEST', { docker: { 'HOST/ns/x@DIGEST': 'accept' } }, 'accept'],
  ['docker://HOST/ns/x@DIGEST', { docker: { 'HOST/ns/x:1': 'accept' } }, 'reject'],
  ['docker://HOST/ns/x@DIGEST', { docker: { 'HOST/ns/x': 'accept' } }, 'accept'],
  ['docker-daemon:x:1', { 'docker-daemon': { 'docker.io/library/x:1': 'accept' } }, 'accept'],
  ['docker-daemon:x:1', { 'docker-daemon': { 'docker.io': 'accept' } }, 'accept'],
  ['docker-daemon:x:1', { 'docker-daemon': { 'x:1': 'accept', x: 'accept' } }, 'reject'],
  ['docker-daemon:x:1', { docker: { '': 'accept' } }, 'reject'],
  ['docker-daemon:a.example/x:1', { 'docker-daemon': { '*.example': 'accept' } }, 'accept'],
  ['docker-daemon:IMAGE_ID', { 'docker-daemon': { '': 'accept' } }, 'accept'],
  ['docker-daemon:IMAGE_ID', { 'docker-daemon': { 'docker.io': 'accept' } }, 'reject'],
];

/** Makes images at `ns/image`, `ns/dir`, `ns/oci.tar` and `ns/docker.tar`, and `link`, which is `ns`. */
export async function writePolicyPlaces(here: string): Promise<void> {
  await mkdir(join(here, 'ns'));
  await symlink('ns', join(here, 'link'));
  await writeOciLayout(join(here, 'ns/image'), { layers: [], tag: '1' });
  await writeOciArchive(join(here, 'ns/oci.tar'), { layers: [], tag: '1' });
  await writeDir(join(here, 'ns/dir'), { layers: [] });
  await writeDockerArchive(join(here, 'ns/docker.tar'), [{ layers: [] }]);
}

/** What an engine does that has any image. */
export function saveAny(here: string): (response: ServerResponse) => void {
  return (response) => {
    void readFile(join(here, 'ns/docker.tar')).then((archive) => response.end(archive));
  };
}

/** The text with these in the place of the words that stand for them. */
export function placed(text: string, words: Readonly<Record<string, string>>): string {
  const known = { IMAGE_ID: `sha256:${'a'.repeat(64)}`, ...words };
  return Object.entries(known).reduce(
    (result, [word, value]) => result.replaceAll(word, value),
    text,
  );
}

/** The text of a policy that says this and rejects all else. */
export function policyOf(scopes: Scopes): string {
  const requirements = {
    accept: [{ type: 'insecureAcceptAnything' }],
    reject: [{ type: 'reject' }],
  };
  const transports = Object.entries(scopes).map(([transport, verdicts]) => [
    transport,
    Object.fromEntries(
      Object.entries(verdicts).map(([scope, verdict]) => [scope, requirements[verdict]]),
    ),
  ]);
  return JSON.stringify({
    default: requirements.reject,
    transports: Object.fromEntries(transports) as unknown,
  });
}

const ACCEPT = '"default":[{"type":"insecureAcceptAnything"}]';

function requirement(text: string): string {
  return `{"default":[{${text}}]}`;
}

function signedBy(rest: string): string {
  return requirement(`"type":"signedBy","keyType":"GPGKeys",${rest}`);
}

function sigstore(rest: string): string {
  return requirement(`"type":"sigstoreSigned",${rest}`);
}

function identity(text: string): string {
  return signedBy(`"keyPath":"/k","signedIdentity":{${text}}`);
}

function withScope(transport: string, name: string): string {
  return `{${ACCEPT},"transports":{"${transport}":{"${name}":[{"type":"reject"}]}}}`;
}

/** Policies that nobody may push with, and the place or problem that the message has to name. */
export const INVALID_POLICIES: readonly (readonly [text: string, message: string])[] = [
  ['', 'JSON'],
  ['{', 'JSON'],
  ['null', 'expected an object, found null'],
  ['[]', 'expected an object, found an array'],
  [`\u{feff}{${ACCEPT}}`, 'JSON'],
  [`{${ACCEPT}} x`, 'JSON'],
  [`{${ACCEPT},}`, 'JSON'],
  ['{}', 'Default policy is missing'],
  ['{"transports":{}}', 'Default policy is missing'],
  ['{"Default":[{"type":"reject"}]}', 'Unknown key "Default"'],
  [`{${ACCEPT},"foo":1}`, 'Unknown key "foo"'],
  [`{${ACCEPT},${ACCEPT}}`, 'Duplicate key "default"'],
  [`{${ACCEPT},"\\u0064efault":[{"type":"reject"}]}`, 'Duplicate key "default"'],
  ['{"default":null}', 'default: expected an array, found null'],
  ['{"default":[]}', 'default: List of verification policy requirements must not be empty'],
  ['{"default":{}}', 'default: expected an array, found an object'],
  ['{"default":"reject"}', 'default: expected an array, found a string'],
  ['{"default":[null]}', 'default[0]: expected an object, found null'],
  ['{"default":["reject"]}', 'default[0]: expected an object, found a string'],
  ['{"default":[{"type":"reject"},{}]}', 'default[1]: Unknown policy requirement type ""'],
  [requirement('"type":""'), 'default[0]: Unknown policy requirement type ""'],
  [requirement('"type":1'), 'default[0].type: expected a string, found a number'],
  [requirement('"TYPE":"reject"'), 'default[0]: Unknown policy requirement type ""'],
  [requirement('"type":"reject","foo":1'), 'default[0]: Unknown key "foo"'],
  [requirement('"type":"reject","type":"reject"'), 'Duplicate key "type"'],
  [`{${ACCEPT},"transports":null}`, 'transports: expected an object, found null'],
  [`{${ACCEPT},"transports":[]}`, 'transports: expected an object, found an array'],
  [`{${ACCEPT},"transports":{"oci":null}}`, 'transports["oci"]: expected an object, found null'],
  [`{${ACCEPT},"transports":{"oci":[]}}`, 'transports["oci"]: expected an object'],
  [
    `{${ACCEPT},"transports":{"new":{"x":[]}}}`,
    'transports["new"]["x"]: List of verification policy requirements must not be empty',
  ],
  [`{${ACCEPT},"transports":{"new":{},"new":{}}}`, 'Duplicate key "new"'],
  [withScope('oci', '/'), 'transports["oci"]: Unknown key "/"'],
  [withScope('oci', 'a/b'), 'transports["oci"]: Unknown key "a/b"'],
  [withScope('dir', '/a/'), 'transports["dir"]: Unknown key "/a/"'],
  [withScope('dir', '/a/../b'), 'transports["dir"]: Unknown key "/a/../b"'],
  [withScope('oci-archive', '/a//b'), 'transports["oci-archive"]: Unknown key "/a//b"'],
  [withScope('docker-archive', '/a'), 'transports["docker-archive"]: Unknown key "/a"'],
  [
    withScope('docker-daemon', `sha256:${'a'.repeat(64)}`),
    'transports["docker-daemon"]: Unknown key',
  ],
  [withScope('containers-storage', 'x'), 'transports["containers-storage"]: Unknown key "x"'],
  [withScope('containers-storage', '[a]x'), 'transports["containers-storage"]: Unknown key "[a]x"'],
  [withScope('containers-storage', '[/a]x@y'), 'transports["containers-storage"]: Unknown key'],
  [requirement('"type":"signedBy"'), 'default[0]: there must be one of keyType'],
  [requirement('"type":"signedBy","keyType":"PGP","keyPath":"/k"'), 'default[0].keyType: "PGP"'],
  [requirement('"type":"signedBy","keyPath":"/k"'), 'default[0]: there must be one of keyType'],
  [signedBy('"keyPath":""'), 'default[0].keyPath: must not be empty'],
  [signedBy('"keyPath":1'), 'default[0].keyPath: expected a string, found a number'],
  [signedBy('"keyPath":"/k","foo":1'), 'default[0]: Unknown key "foo"'],
  [signedBy('"keyPath":"/k","keyPaths":["/k"]'), 'default[0]: there must be one of keyPath'],
  [signedBy('"keyPaths":"/k"'), 'default[0].keyPaths: expected an array, found a string'],
  [signedBy('"keyPaths":[1]'), 'default[0].keyPaths[0]: expected a string, found a number'],
  [signedBy('"keyData":"?"'), 'default[0].keyData: expected text in base64'],
  [signedBy('"signedIdentity":{"type":"matchExact"}'), 'default[0]: there must be one of keyPath'],
  [identity(''), 'default[0].signedIdentity: Unknown policy reference match type ""'],
  [
    identity('"type":"any"'),
    'default[0].signedIdentity: Unknown policy reference match type "any"',
  ],
  [identity('"type":"matchExact","x":1'), 'default[0].signedIdentity: Unknown key "x"'],
  [identity('"type":"exactReference"'), 'signedIdentity: there must be one of dockerReference'],
  [
    identity('"type":"exactReference","dockerReference":"a/b"'),
    'default[0].signedIdentity.dockerReference: it has neither a tag nor a digest',
  ],
  [
    identity('"type":"exactRepository","dockerRepository":"UP"'),
    'default[0].signedIdentity.dockerRepository: invalid reference format',
  ],
  [
    identity('"type":"remapIdentity","prefix":"a"'),
    'signedIdentity: there must be one of signedPrefix',
  ],
  [
    identity('"type":"remapIdentity","prefix":"a:b","signedPrefix":"a"'),
    'default[0].signedIdentity.prefix: expected a registry or repository',
  ],
  [sigstore('"keyPaths":[]'), 'default[0].keyPaths: must not be empty'],
  [sigstore('"keyDatas":["?"]'), 'default[0].keyDatas[0]: expected text in base64'],
  [sigstore('"keyPath":"/k","keyType":"GPGKeys"'), 'default[0]: Unknown key "keyType"'],
  [
    sigstore('"keyPath":"/k","rekorPublicKeyPath":"/r","rekorPublicKeyData":"YQ=="'),
    'default[0]: there may be only one of rekorPublicKeyPath',
  ],
  [
    sigstore('"fulcio":{"caPath":"/c","oidcIssuer":"i","subjectEmail":"e"}'),
    'default[0]: fulcio needs the public key of Rekor',
  ],
  [
    sigstore('"fulcio":{"caPath":"/c","oidcIssuer":"i"},"rekorPublicKeyPath":"/r"'),
    'default[0].fulcio: there must be one of subjectEmail',
  ],
  [
    sigstore('"pki":{"caRootsPath":"/c"}'),
    'default[0].pki: there must be any of subjectEmail, subjectHostname',
  ],
  [
    sigstore('"pki":{"caRootsPath":"/c","subjectEmail":"e"},"rekorPublicKeyPath":"/r"'),
    'default[0]: pki goes without a public key of Rekor',
  ],
  [requirement('"type":"signedBaseLayer"'), 'default[0]: there must be one of baseLayerIdentity'],
];

/** Requirements that are well said, though only a verifier of signatures can tell whether they are met. */
export const UNCHECKED_REQUIREMENTS: readonly string[] = [
  '"type":"signedBy","keyType":"GPGKeys","keyPath":"/k"',
  '"type":"signedBy","keyType":"signedByX509CAs","keyPaths":["/k","/l"]',
  '"type":"signedBy","keyType":"GPGKeys","keyData":"YWE=\\n","signedIdentity":{"type":"matchExact"}',
  '"type":"sigstoreSigned","keyPath":"/k","signedIdentity":{"type":"matchRepository"}',
  '"type":"sigstoreSigned","keyDatas":["YQ=="],"rekorPublicKeyPaths":["/r"]',
  '"type":"sigstoreSigned","fulcio":{"caData":"YQ==","oidcIssuer":"i","subjectEmail":"e"},"rekorPublicKeyData":"YQ=="',
  '"type":"sigstoreSigned","pki":{"caRootsPath":"/c","caIntermediatesPath":"/i","subjectHostname":"h"}',
  '"type":"sigstoreSigned","keyPath":"/k","signedIdentity":{"type":"exactReference","dockerReference":"a/b:1"}',
  '"type":"sigstoreSigned","keyPath":"/k","signedIdentity":{"type":"exactRepository","dockerRepository":"a/b"}',
  '"type":"sigstoreSigned","keyPath":"/k","signedIdentity":{"type":"remapIdentity","prefix":"a.b:1/c","signedPrefix":"d"}',
  '"type":"signedBaseLayer","baseLayerIdentity":{"type":"matchRepoDigestOrExact"}',
];
