/** Whom this machine trusts: the certificate files that Go programs read, for Node has a list of its own. */
import { readdirSync, readFileSync, readlinkSync, type Dirent } from 'node:fs';
import { join } from 'node:path';

/** Bundles of the distributions, of which the first that is there counts (Go: crypto/x509/root_linux.go). */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
] as const;

/** Directories, of which every file counts (the same). */
const DIRECTORIES = ['/etc/ssl/certs', '/etc/pki/tls/certs'] as const;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

export interface AuthorityPlaces {
  readonly bundles: readonly string[];
  readonly directories: readonly string[];
}

/**
 * All certificates of authorities in PEM form, each once. SSL_CERT_FILE and SSL_CERT_DIR (a list with
 * colons) name other places; what NODE_EXTRA_CA_CERTS has is trusted as well. Undefined where the
 * machine has none and nobody named a place: then Node's own list has to do. What cannot be read is
 * left out, as in Go.
 */
export function readSystemAuthorities(
  environment: NodeJS.ProcessEnv,
  places: AuthorityPlaces = { bundles: BUNDLES, directories: DIRECTORIES },
): readonly string[] | undefined {
  const file = environment['SSL_CERT_FILE'];
  const directories = environment['SSL_CERT_DIR'];
  const found = new Set<string>();
  addFirst(found, file ? [file] : places.bundles);
  for (const each of directories ? directories.split(':') : places.directories) {
    for (const path of filesIn(each)) addCertificates(found, path);
  }
  if (found.size === 0 && !file && !directories) return undefined;
  const extra = environment['NODE_EXTRA_CA_CERTS'];
  if (extra) addCertificates(found, extra);
  return [...found];
}

function addFirst(found: Set<string>, paths: readonly string[]): void {
  paths.some((path) => addCertificates(found, path));
}

/** Synchronously: hundreds of small files that the system has in memory take 4 ms, 20 otherwise. */
function addCertificates(found: Set<string>, path: string): boolean {
  const text = orNothing(() => readFileSync(path, 'latin1'));
  for (const block of text?.match(CERTIFICATE) ?? []) found.add(block);
  return text !== undefined;
}

function filesIn(directory: string): readonly string[] {
  const entries = orNothing(() => readdirSync(directory, { withFileTypes: true })) ?? [];
  return entries
    .filter((entry) => !entry.isDirectory() && !isOtherName(directory, entry))
    .map(({ name }) => join(directory, name));
}

/** OpenSSL finds a certificate by the hash of its name: a link to the file beside it. */
function isOtherName(directory: string, entry: Dirent): boolean {
  const target =
    entry.isSymbolicLink() && orNothing(() => readlinkSync(join(directory, entry.name)));
  return typeof target === 'string' && !target.includes('/');
}

function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
