/** Flags of login and logout. */
import type { Command } from 'commander';
import { addBooleanFlag, addTextFlag } from '../flags.ts';
import { addConnectionFlags, type ConnectionFlags } from './registry.ts';

/** The flags that both have, as typed. */
export interface AuthFileFlags {
  readonly authfile?: string;
  readonly compatAuthFile?: string;
}

/** The flags of login as typed. */
export interface LoginFlags extends AuthFileFlags, ConnectionFlags {
  readonly getLogin?: boolean;
  readonly password?: string;
  readonly passwordStdin?: boolean;
  readonly secret?: string;
  readonly username?: string;
  readonly verbose?: boolean;
}

/** The flags of logout as typed. */
export interface LogoutFlags extends AuthFileFlags {
  readonly all?: boolean;
}

export function addLoginFlags(command: Command): void {
  addAuthFileFlags(command);
  addConnectionFlags(command);
  addBooleanFlag(command, '--get-login', 'Print the user who is logged in, and do nothing');
  addTextFlag(
    command,
    '-p, --password <password>',
    'Password; other users of the machine can see it here',
  );
  addBooleanFlag(command, '--password-stdin', 'Read the password from standard input');
  addTextFlag(command, '--secret <name>', 'Not supported: secrets are kept by podman');
  addTextFlag(command, '-u, --username <user>', 'User; without it, it is asked for');
  addBooleanFlag(command, '-v, --verbose', 'Print where the credentials are kept');
}

export function addLogoutFlags(command: Command): void {
  addBooleanFlag(command, '-a, --all', 'Remove the credentials for all registries');
  addAuthFileFlags(command);
}

function addAuthFileFlags(command: Command): void {
  addTextFlag(
    command,
    '--authfile <path>',
    'File with the credentials; REGISTRY_AUTH_FILE names it for every command',
  );
  addTextFlag(
    command,
    '--compat-auth-file <path>',
    "The same in Docker's format, as config.json of docker",
  );
}
