/** The command tree: names, arguments, flags and help, without what the commands do. */
import { Argument, Command, CommanderError } from 'commander';
import { OcipushError } from '../errors.ts';
import { findCommand, normaliseFlags } from './argv.ts';
import { addBooleanFlag, commandPath, declareFlags, putOffFlags, usageError } from './flags.ts';
import type { Host } from './host.ts';
import { addCompressionFlags } from './options/compression.ts';
import { addEncryptionFlags } from './options/encryption.ts';
import { addImageFlags } from './options/image.ts';
import {
  addLoginFlags,
  addLogoutFlags,
  type LoginFlags,
  type LogoutFlags,
} from './options/login.ts';
import { addManifestFlags, type ManifestFlags } from './options/manifest.ts';
import { addLogLevelFlag, addOutputFlags, type OutputFlags } from './options/output.ts';
import { addPushFlags, type PushFlags } from './options/push.ts';
import { addRegistryFlags, type RegistryFlags } from './options/registry.ts';
import { addSigningFlags, type SigningFlags } from './options/signing.ts';
import { VERSION_LINE } from './version.ts';

/** `ocipush push` as it was typed. */
export interface PushInvocation {
  readonly image: string;
  /** Empty: where the image's own name says. */
  readonly destinations: readonly string[];
  readonly flags: RegistryFlags & PushFlags & SigningFlags & OutputFlags;
}

/** `ocipush manifest push` as it was typed. */
export interface ManifestPushInvocation extends PushInvocation {
  readonly flags: PushInvocation['flags'] & ManifestFlags;
}

/** `ocipush completion` as it was typed. */
export interface CompletionInvocation {
  /** A shell, or `images`. */
  readonly what: string;
  /** What is to be completed. */
  readonly program: Command;
}

/** `ocipush login` as it was typed. */
export interface LoginInvocation {
  readonly registry: string | undefined;
  readonly flags: LoginFlags;
}

/** `ocipush logout` as it was typed. */
export interface LogoutInvocation {
  readonly registry: string | undefined;
  readonly flags: LogoutFlags;
}

/** What the commands do. */
export interface Actions {
  completion(invocation: CompletionInvocation): Promise<void>;
  login(invocation: LoginInvocation): Promise<void>;
  logout(invocation: LogoutInvocation): Promise<void>;
  push(invocation: PushInvocation): Promise<void>;
  pushManifest(invocation: ManifestPushInvocation): Promise<void>;
}

export interface Program {
  readonly root: Command;
  readonly login: Command;
  readonly logout: Command;
  readonly push: Command;
  readonly manifestPush: Command;
}

type Output = Pick<Host, 'stdout' | 'stderr'>;

const PUSH_EXAMPLES = `
Examples:
  ocipush push oci:./image registry.example.com/team/app:1
  ocipush push ./image.tar docker://registry.example.com/team/app:1
  docker save app | ocipush push - registry.example.com/team/app:1`;

/** Builds the tree; nothing runs yet, and the flags of pushes are put off. */
export function createProgram(actions: Actions, output: Output): Program {
  const root = configure(new Command('ocipush'), output)
    .description('Push container images anywhere, without a daemon')
    .usage('[options] COMMAND\n       ocipush [options] IMAGE [DESTINATION…]');
  addLogLevelFlag(root);
  addBooleanFlag(root, '-v, --version', 'Print the version');
  root.action((flags: { version?: boolean }) => {
    if (flags.version !== true) throw commandMissing(root);
    output.stdout.write(VERSION_LINE);
  });
  addCompletion(root, actions);
  const push = addPush(root, actions);
  addPush(addGroup(root, 'image', 'Commands that work on images'), actions);
  const manifest = addGroup(root, 'manifest', 'Commands that work on lists of images');
  return {
    root,
    push,
    manifestPush: addManifestPush(manifest, actions),
    login: addLogin(root, actions),
    logout: addLogout(root, actions),
  };
}

/**
 * Reads a command line and runs what it asks for.
 * @throws OcipushError
 */
export async function runProgram(program: Program, argv: readonly string[]): Promise<void> {
  const { command, args } = findCommand(program.root, argv, program.push);
  declareFlags(command);
  try {
    await command.parseAsync(normaliseFlags(command, args), { from: 'user' });
  } catch (error) {
    // The help was asked for and is printed: commander leaves by throwing.
    if (!(error instanceof CommanderError && error.exitCode === 0)) throw error;
  }
}

function configure(command: Command, output: Output): Command {
  return command
    .helpCommand(false)
    .helpOption('-h, --help', 'Print this help')
    .allowExcessArguments()
    .exitOverride()
    .configureHelp({
      sortOptions: true,
      subcommandTerm: (subcommand) => subcommand.name(),
      optionDescription: ({ description, defaultValueDescription: value }) =>
        value === undefined ? description : `${description} (default ${value})`,
    })
    .configureOutput({
      writeOut: (text) => output.stdout.write(text),
      writeErr: (text) => output.stderr.write(text),
      outputError: () => undefined,
    });
}

/** A command that only holds others. */
function addGroup(root: Command, name: string, description: string): Command {
  const group = root.command(name).description(description).usage('COMMAND');
  return group.action(() => {
    throw commandMissing(group);
  });
}

function addCompletion(root: Command, actions: Actions): void {
  const argument = new Argument('[what]');
  argument.argChoices = ['bash', 'fish', 'zsh'];
  const command = root
    .command('completion')
    .description('Print the completion script for a shell')
    .usage('bash|fish|zsh')
    .addArgument(argument);
  command.action(() => {
    const [what, ...others] = command.args;
    if (what === undefined || others.length > 0) {
      throw new OcipushError('USAGE', `accepts 1 arg(s), received ${command.args.length}`, {
        origin: 'usage',
        hint: 'name the shell: ocipush completion bash',
      });
    }
    return actions.completion({ what, program: root });
  });
}

function addManifestPush(parent: Command, actions: Actions): Command {
  const command = parent
    .command('push')
    .description('Push a list of images to a registry or another place')
    .usage('[options] LIST [DESTINATION…]');
  putOffFlags(command, addAllManifestPushFlags);
  return command.action((flags: ManifestPushInvocation['flags']) => {
    const [image, ...destinations] = command.args;
    if (image === undefined) throw imageMissing();
    return actions.pushManifest({ image, destinations, flags });
  });
}

function addLogin(root: Command, actions: Actions): Command {
  const command = root
    .command('login')
    .description('Log in to a registry, and keep the credentials')
    .usage('[options] [REGISTRY[/NAMESPACE]]');
  addLoginFlags(command);
  return command.action((flags: LoginFlags) =>
    actions.login({ registry: onlyArgument(command), flags }),
  );
}

function addLogout(root: Command, actions: Actions): Command {
  const command = root
    .command('logout')
    .description('Remove the credentials for a registry')
    .usage('[options] [REGISTRY[/NAMESPACE]]');
  addLogoutFlags(command);
  return command.action((flags: LogoutFlags) =>
    actions.logout({ registry: onlyArgument(command), flags }),
  );
}

function addPush(parent: Command, actions: Actions): Command {
  const command = parent
    .command('push')
    .description('Push an image to a registry or another place')
    .usage('[options] IMAGE [DESTINATION…]')
    .addHelpText('after', PUSH_EXAMPLES);
  putOffFlags(command, addAllPushFlags);
  return command.action((flags: PushInvocation['flags']) => {
    const [image, ...destinations] = command.args;
    if (image === undefined) throw imageMissing();
    return actions.push({ image, destinations, flags });
  });
}

function addAllPushFlags(command: Command): void {
  addRegistryFlags(command);
  addImageFlags(command);
  addCompressionFlags(command);
  addEncryptionFlags(command);
  addPushFlags(command);
  addSigningFlags(command);
  addOutputFlags(command);
}

function addAllManifestPushFlags(command: Command): void {
  addManifestFlags(command);
  addAllPushFlags(command);
}

function onlyArgument({ args }: Command): string | undefined {
  if (args.length <= 1) return args[0];
  throw new OcipushError('USAGE', `accepts at most 1 arg(s), received ${args.length}`, {
    origin: 'usage',
    hint: 'name one registry',
  });
}

function imageMissing(): OcipushError {
  return new OcipushError('USAGE', 'requires at least 1 arg(s), only received 0', {
    origin: 'usage',
    hint: 'name the image, and where it goes: ocipush push IMAGE DESTINATION',
  });
}

/** A command that only holds others was called by itself, or with a name it does not hold. */
function commandMissing(command: Command): OcipushError {
  const path = commandPath(command);
  const [name] = command.args;
  return usageError(
    command,
    name === undefined
      ? `missing command '${path} COMMAND'`
      : `unrecognized command '${path} ${name}'`,
  );
}
