/** What login and logout work on: a registry or a namespace at one, and where its credentials are. */
import { createAuthFileLookup } from '../config/auth-lookup.ts';
import { openAuthStore, type AuthStore } from '../config/auth-store.ts';
import type { CredentialLookup } from '../config/credentials.ts';
import { readRegistriesConf, type ShortNames } from '../config/registries-conf.ts';
import { onceEach } from '../config/warn.ts';
import { OcipushError } from '../errors.ts';
import { isDomain, parseDockerReference } from '../image/docker-reference.ts';
import { goQuote } from './escape.ts';
import type { Host } from './host.ts';
import type { AuthFileFlags } from './options/login.ts';
import { warnOn } from './render/wording.ts';

/** What credentials are for. */
export interface CredentialKey {
  /** `host[:port][/path]`: what they are kept under. */
  readonly key: string;
  /** `host[:port]`: who checks them. */
  readonly registry: string;
}

export interface LoginPlace {
  readonly store: AuthStore;
  /** Finds the credentials for a {@link CredentialKey.key}, as a push would. */
  readonly lookup: CredentialLookup;
  readonly registries: ShortNames;
  readonly warn: (message: string) => void;
}

/**
 * Finds out where credentials are read and written; no auth file is opened yet.
 * @throws OcipushError USAGE, CONFIG_INVALID
 */
export async function openLoginPlace(flags: AuthFileFlags, host: Host): Promise<LoginPlace> {
  if (flags.authfile && flags.compatAuthFile) {
    throw usage(
      'options for paths to the credential file and to the Docker-compatible credential file can not be set simultaneously',
      'leave out --authfile or --compat-auth-file',
    );
  }
  const { environment, signal } = host;
  const warn = onceEach(warnOn(host.stderr));
  const registries = await readRegistriesConf(environment, warn);
  const { credentialHelpers } = registries;
  // A file that is named to be written need not be there yet.
  const authfile =
    flags.authfile || flags.compatAuthFile || environment['REGISTRY_AUTH_FILE'] || undefined;
  return {
    store: await openAuthStore(flags, { environment, credentialHelpers, signal }),
    lookup: createAuthFileLookup({ authfile, environment, credentialHelpers, warn, signal }),
    registries,
    warn,
  };
}

/**
 * Reads what was typed; an address stands for the host in it, and nothing for the first of the
 * registries where images with short names are looked for.
 * @throws OcipushError USAGE
 */
export function parseCredentialKey(
  argument: string | undefined,
  { unqualifiedSearchRegistries: [first] }: ShortNames,
): CredentialKey {
  const text = argument ?? first;
  if (text === undefined) {
    throw usage(
      'no registries found in registries.conf, a registry must be provided',
      'name the registry',
    );
  }
  const address = /^https?:\/\/([^/]*)/.exec(text);
  const key = address?.[1] ?? text;
  if (key.includes('@')) {
    throw usage(`get credentials: key ${key} contains a '@' character`, 'name the registry alone');
  }
  const [registry = ''] = key.split('/', 1);
  if (!isDomain(registry)) {
    throw usage(`${goQuote(registry)} is no name of a registry`, 'write HOST or HOST:PORT');
  }
  if (key !== registry) checkNamespace(key, registry);
  return { key, registry };
}

/** @throws OcipushError USAGE */
function checkNamespace(key: string, registry: string): void {
  const { domain, tag, digest } = parseDockerReference(key);
  if (tag !== undefined || digest !== undefined) {
    throw usage(`reference ${goQuote(key)} contains tag or digest`, 'leave out the tag');
  }
  if (domain !== registry) {
    throw usage(`${goQuote(key)} names no registry`, `write docker.io/${key} for Docker Hub`);
  }
}

function usage(message: string, hint: string): OcipushError {
  return new OcipushError('USAGE', message, { origin: 'usage', hint });
}
