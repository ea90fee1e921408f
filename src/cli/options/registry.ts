/** Flags about reaching a registry, and who one is there. */
import type { Command } from 'commander';
import { systemClock } from '../../io/retry-clock.ts';
import type { RegistryOptions } from '../../registry/options.ts';
import { addBooleanFlag, addTextFlag } from '../flags.ts';
import type { Host } from '../host.ts';
import { VERSION } from '../version.ts';

/** The flags as typed. */
export interface RegistryFlags {
  readonly authfile?: string;
  readonly certDir?: string;
  readonly creds?: string;
  readonly tlsVerify?: boolean;
}

export function addRegistryFlags(command: Command): void {
  addTextFlag(
    command,
    '--authfile <path>',
    'File with the credentials for registries; REGISTRY_AUTH_FILE names it for every push',
  );
  addTextFlag(
    command,
    '--cert-dir <path>',
    'Directory with the certificates (*.crt, *.cert) and keys (*.key) for the registry',
  );
  addTextFlag(
    command,
    '--creds <USER:PASS>',
    'Credentials for the registry; what is missing of them is asked for',
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
  const { createCertificateLookup } = await import('../../config/certs-d.ts');
  return {
    tlsVerify: flags.tlsVerify,
    certificatesFor: createCertificateLookup({
      certDir: flags.certDir,
      home: host.environment['HOME'] || undefined,
    }),
    credentialsFor: await credentialLookup(flags, host, warn),
    userAgent: `ocipush/${VERSION}`,
    clock: systemClock,
  };
}

async function credentialLookup(
  flags: RegistryFlags,
  host: Host,
  warn: (message: string) => void,
): Promise<RegistryOptions['credentialsFor']> {
  if (flags.creds) {
    const { askAtTerminal, completeCredentials } = await import('../creds.ts');
    const credentials = await completeCredentials(flags.creds, askAtTerminal(host));
    return async () => credentials;
  }
  const { createAuthFileLookup } = await import('../../config/auth-lookup.ts');
  const { environment, signal } = host;
  return createAuthFileLookup({ authfile: flags.authfile, environment, warn, signal });
}
