/** Flags about reaching a registry, and who one is there. */
import type { Command } from 'commander';
import type { CredentialLookup } from '../../config/credentials.ts';
import type { RegistryOptions } from '../../registry/options.ts';
import { addBooleanFlag, addTextFlag } from '../flags.ts';
import type { Host } from '../host.ts';
import { addTransferFlags, parseTransferOptions, type TransferFlags } from './transfer.ts';

/** The flags as typed. */
export interface RegistryFlags extends ConnectionFlags, TransferFlags {
  readonly authfile?: string;
  readonly creds?: string;
}

/** Those of {@link addConnectionFlags}. */
export interface ConnectionFlags {
  readonly certDir?: string;
  readonly tlsVerify?: boolean;
}

export function addRegistryFlags(command: Command): void {
  addTransferFlags(command);
  addTextFlag(
    command,
    '--authfile <path>',
    'File with the credentials for registries; REGISTRY_AUTH_FILE names it for every push',
  );
  addConnectionFlags(command);
  addTextFlag(
    command,
    '--creds <USER:PASS>',
    'Credentials for the registry; what is missing of them is asked for',
  );
}

/** Those that say nothing of who one is. */
export function addConnectionFlags(command: Command): void {
  addTextFlag(
    command,
    '--cert-dir <path>',
    'Directory with the certificates (*.crt, *.cert) and keys (*.key) for the registry',
  );
  addBooleanFlag(
    command,
    '--tls-verify',
    'Require HTTPS and a valid certificate of the registry; --tls-verify=false does without both',
    'true',
  );
}

/**
 * Looks the settings up, and asks for what `--creds` leaves out. `warn` is told of what configuration
 * files hold and the push survives.
 * @throws OcipushError CONFIG_INVALID for a typed `--authfile` that cannot be read
 */
export async function parseRegistryOptions(
  flags: RegistryFlags,
  host: Host,
  warn: (message: string) => void,
): Promise<RegistryOptions> {
  return {
    ...(await parseConnectionOptions(flags, host, warn)),
    credentialsFor: await credentialLookup(flags, host, warn),
  };
}

/** The settings of all but who one is. */
export async function parseConnectionOptions(
  flags: ConnectionFlags & TransferFlags,
  { environment }: Host,
  warn: (message: string) => void,
): Promise<Omit<RegistryOptions, 'credentialsFor'>> {
  const { connectionOptions } = await import('../../registry/connection-options.ts');
  return {
    ...connectionOptions(flags, environment, warn),
    ...parseTransferOptions(flags),
  };
}

async function credentialLookup(
  flags: RegistryFlags,
  host: Host,
  warn: (message: string) => void,
): Promise<RegistryOptions['credentialsFor']> {
  if (flags.creds) {
    const [{ askAtTerminal }, { completeCredentials }] = await Promise.all([
      import('../ask.ts'),
      import('../creds.ts'),
    ]);
    const credentials = await completeCredentials(flags.creds, askAtTerminal(host));
    return async () => credentials;
  }
  if (flags.authfile) {
    const { checkAuthFile } = await import('../../config/auth-lookup.ts');
    await checkAuthFile(flags.authfile);
  }
  let lookup: Promise<CredentialLookup> | undefined;
  // Nobody needs them for a registry that does not ask.
  return async (repository) => {
    lookup ??= createLookup(flags.authfile, host, warn);
    return (await lookup)(repository);
  };
}

async function createLookup(
  authfile: string | undefined,
  { environment, signal }: Host,
  warn: (message: string) => void,
): Promise<CredentialLookup> {
  const [{ createAuthFileLookup }, { readRegistriesConf }] = await Promise.all([
    import('../../config/auth-lookup.ts'),
    import('../../config/registries-conf.ts'),
  ]);
  const { credentialHelpers } = await readRegistriesConf(environment, warn);
  return createAuthFileLookup({ authfile, environment, credentialHelpers, warn, signal });
}
