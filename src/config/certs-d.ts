/** Certificates for one registry: the directories of containers-certs.d(5). */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OcipushError } from '../errors.ts';
import { homeDirectory } from './home.ts';
import { MIB } from '../io/bytes.ts';
import { readSmallFile } from '../io/file-reader.ts';
import { isAbsent, systemCode, systemReason } from '../io/system-error.ts';

/** PEM texts of a certs.d directory. */
export interface HostCertificates {
  /** Certificate authorities to trust beside those of the system. */
  readonly authorities: readonly string[];
  readonly clients: readonly ClientCertificate[];
}

/** A certificate, with its chain, and the private key that belongs to it. */
interface ClientCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateLookupOptions {
  /** `--cert-dir`: itself the directory of every host, and the only one. */
  readonly certDir?: string | undefined;
  /** The home directory; the user's when not said. */
  readonly home?: string | undefined;
  /** Where `HOST[:PORT]` is looked for after the home directory. */
  readonly systemDirectories?: readonly string[] | undefined;
}

const NONE: HostCertificates = { authorities: [], clients: [] };
const SYSTEM_DIRECTORIES = ['/etc/containers/certs.d', '/etc/docker/certs.d'];

/**
 * Makes the lookup by `host[:port]`, spelled as in the reference. The first directory that exists
 * is the one read; one that is not there or may not be read means no certificates.
 *
 * The lookup fails with OcipushError CONFIG_INVALID for a certificate without its key, a key
 * without its certificate, and a pair that does not fit together.
 */
export function createCertificateLookup(
  options: CertificateLookupOptions = {},
): (host: string) => Promise<HostCertificates> {
  const { certDir, home = homeDirectory(process.env) } = options;
  const user = home === undefined ? [] : [join(home, '.config/containers/certs.d')];
  const parents = [...user, ...(options.systemDirectories ?? SYSTEM_DIRECTORIES)];
  return async (host) => {
    const candidates = parents.map((parent) => join(parent, host));
    const directory = certDir || (await firstExisting(candidates));
    return directory === undefined ? NONE : readCertificates(directory);
  };
}

async function firstExisting(directories: readonly string[]): Promise<string | undefined> {
  for (const directory of directories) {
    try {
      await stat(directory);
      return directory;
    } catch (error) {
      if (!isAbsent(error) && systemCode(error) !== 'EACCES') throw unreadable(directory, error);
    }
  }
  return undefined;
}

async function readCertificates(directory: string): Promise<HostCertificates> {
  const names = await namesIn(directory);
  const authorities: string[] = [];
  const clients: ClientCertificate[] = [];
  for (const name of names) {
    const stem = name.replace(/\.[^.]*$/, '');
    if (name.endsWith('.crt')) authorities.push(...(await readAuthorities(join(directory, name))));
    if (name.endsWith('.cert')) {
      if (!names.includes(`${stem}.key`)) throw missingKey(`${stem}.key`, name);
      clients.push(await readClient(directory, name, `${stem}.key`));
    }
    if (name.endsWith('.key') && !names.includes(`${stem}.cert`)) {
      throw invalid(
        `missing client certificate ${stem}.cert for key ${name}`,
        `put ${stem}.cert beside ${join(directory, name)}, or remove the key`,
      );
    }
  }
  return { authorities, clients };
}

/** The names in a directory in byte order, in which the reference reads them. */
async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'EACCES') return [];
    throw unreadable(directory, error);
  }
}

/** What is no certificate in PEM form is left out, as in the reference. */
async function readAuthorities(path: string): Promise<readonly string[]> {
  let text: string;
  try {
    text = await readText(path);
  } catch (error) {
    // A dangling symbolic link.
    if (error instanceof OcipushError && error.code === 'FILE_NOT_FOUND') return [];
    throw unreadable(path, error);
  }
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.filter((block) => parseCertificate(block) !== undefined);
}

async function readClient(
  directory: string,
  cert: string,
  key: string,
): Promise<ClientCertificate> {
  const path = join(directory, cert);
  const pair = { certificate: await readPem(path), key: await readPem(join(directory, key)) };
  const certificate = parseCertificate(pair.certificate);
  if (!certificate) throw unfit(path, `${cert} holds no certificate in PEM form`);
  const privateKey = parsePrivateKey(pair.key);
  if (!privateKey) throw unfit(path, `${key} holds no private key in PEM form without passphrase`);
  if (!certificate.checkPrivateKey(privateKey)) {
    throw unfit(path, `private key ${key} does not match public key`);
  }
  return pair;
}

/** Bytes of a file at most: a bundle of all authorities of a system has a few hundred KiB. */
const FILE_LIMIT = 4 * MIB;

async function readText(path: string): Promise<string> {
  return Buffer.from(await readSmallFile(path, FILE_LIMIT)).toString('latin1');
}

async function readPem(path: string): Promise<string> {
  try {
    return await readText(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function parsePrivateKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

function missingKey(key: string, cert: string): OcipushError {
  return invalid(
    `missing key ${key} for client certificate ${cert}. Note that CA certificates should use the extension .crt`,
    `put ${key} beside ${cert}, or rename ${cert} to end in .crt if it is of an authority`,
  );
}

function unfit(path: string, reason: string): OcipushError {
  return invalid(
    `loading client certificate ${path}: ${reason}`,
    'put a certificate and its own private key there, both in PEM form',
  );
}

function unreadable(path: string, error: unknown): OcipushError {
  return invalid(
    `reading certificates: ${path}: ${systemReason(error)}`,
    'make it readable, or name another directory with --cert-dir',
    error,
  );
}

function invalid(message: string, hint: string, cause?: unknown): OcipushError {
  return new OcipushError('CONFIG_INVALID', message, { origin: 'config', hint, cause });
}
