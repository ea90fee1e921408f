/** How flags are declared, so that they behave as podman's do. */
import { Option, type Command } from 'commander';
import { messageOf, OcipushError } from '../errors.ts';
import { goQuote } from './escape.ts';

/** What a flag with a value becomes. */
export interface ValueFlag<T> {
  /** Turns what was typed into the value; its error becomes the end of podman's text. */
  readonly convert: (text: string) => T;
  /** For readers alone: untyped, the flag has no value, so that a configuration can have one. */
  readonly shownDefault?: string;
  /** All values there are, where they are few: shells offer them. */
  readonly values?: readonly string[];
}

/** What declares the flags of a command, until it has. */
const putOff = new WeakMap<Command, (command: Command) => void>();

/** Declares flags when {@link declareFlags} is called: a push has many, and one command is run. */
export function putOffFlags(command: Command, declare: (command: Command) => void): void {
  putOff.set(command, declare);
}

/** Declares what flags of a command have been put off. */
export function declareFlags(command: Command): void {
  putOff.get(command)?.(command);
  putOff.delete(command);
}

/** The same for a command and all below it. */
export function declareAllFlags(command: Command): void {
  declareFlags(command);
  for (const each of command.commands) declareAllFlags(each);
}

/**
 * Declares a flag without a value. `argv.ts` rewrites `--flag=false` to the hidden `--no-flag`,
 * which a user cannot type. `shownDefault` is for readers alone: untyped, the flag has no value.
 */
export function addBooleanFlag(
  command: Command,
  flags: string,
  description: string,
  shownDefault?: string,
): void {
  const option = new Option(flags, description).default(undefined, shownDefault);
  // A name that begins with `no-` is one like any other.
  option.negate = false;
  command.addOption(option).addOption(new Option(negated(option)).hideHelp());
}

/** Declares a flag with a value, such as `--creds <USER:PASS>`; its text is the value. */
export function addTextFlag(command: Command, flags: string, description: string): void {
  command.addOption(new Option(flags, description));
}

/** The same for one that the help leaves out, as podman's does. */
export function addHiddenTextFlag(command: Command, flags: string): void {
  command.addOption(new Option(flags).hideHelp());
}

/** Declares a flag whose value is more than text. */
export function addValueFlag<T>(
  command: Command,
  flags: string,
  description: string,
  kind: ValueFlag<T>,
): void {
  const option = new Option(flags, description);
  option.argParser((text) => {
    try {
      return kind.convert(text);
    } catch (error) {
      throw invalidArgument(command, option, text, error);
    }
  });
  option.default(undefined, kind.shownDefault);
  if (kind.values) option.argChoices = [...kind.values];
  command.addOption(option);
}

/**
 * Declares a flag that may be repeated; its value is the list of what each of them became. `values`
 * are all there are, where they are few: shells offer them.
 */
export function addListFlag(
  command: Command,
  flags: string,
  description: string,
  convert: (text: string) => readonly unknown[],
  values?: readonly string[],
): void {
  const option = new Option(flags, description);
  if (values) option.argChoices = [...values];
  option.default([]).argParser((text, before: readonly unknown[]) => {
    try {
      return [...before, ...convert(text)];
    } catch (error) {
      throw invalidArgument(command, option, text, error);
    }
  });
  command.addOption(option);
}

/** The long name under which commander is told that a boolean flag is false. */
export function negated(option: Option): string {
  return `--no-${option.name()}`;
}

/** The error of a command line that does not fit the command; the context names its help. */
export function usageError(command: Command, message: string): OcipushError {
  return new OcipushError('USAGE', message, {
    origin: 'usage',
    context: { help: `${commandPath(command)} --help` },
  });
}

/** The error of a value that a flag cannot take, in pflag's words. */
export function invalidArgument(
  command: Command,
  option: Option,
  text: string,
  reason: unknown,
): OcipushError {
  const name = option.short === undefined ? option.long : `${option.short}, ${option.long}`;
  return usageError(
    command,
    `invalid argument ${goQuote(text)} for ${goQuote(name ?? '')} flag: ${messageOf(reason)}`,
  );
}

/** The command as it is typed: `ocipush image push`. */
export function commandPath(command: Command): string {
  return command.parent === null
    ? command.name()
    : `${commandPath(command.parent)} ${command.name()}`;
}
