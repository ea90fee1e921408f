/** Command lines read the way podman's flag library (pflag) reads them, spelled for commander. */
import type { Command, Option } from 'commander';
import { usageError, invalidArgument, negated } from './flags.ts';
import { parseBool } from './go-values.ts';

/** The command that arguments name, and what they leave for it. */
export interface Invocation {
  readonly command: Command;
  readonly args: readonly string[];
}

/**
 * Follows command names from the program downwards. Arguments that name no command and do not begin
 * with a flag of the program itself are those of `bare`, the command whose name may be left out.
 * Flags with a value that stand before the name are those of every command.
 */
export function findCommand(program: Command, argv: readonly string[], bare: Command): Invocation {
  const global = globalFlags(program, argv);
  let command = program;
  let args = argv.slice(global.length);
  for (;;) {
    const next = command.commands.find((candidate) => candidate.name() === args[0]);
    if (next === undefined) break;
    command = next;
    args = args.slice(1);
  }
  const [first] = args;
  if (command !== program || first === undefined || isProgramFlag(program, first)) {
    return { command, args: [...global, ...args] };
  }
  return { command: bare, args: [...global, ...args] };
}

/** The arguments before the first that is no flag with a value, as podman's global flags are. */
function globalFlags(program: Command, argv: readonly string[]): readonly string[] {
  let count = 0;
  for (let arg = argv[0]; arg !== undefined; arg = argv[count]) {
    const [flag = '', value] = arg.split('=', 2);
    const option = findOption(program, flag);
    if (option === undefined || option.isBoolean()) break;
    count += value === undefined ? 2 : 1;
  }
  return argv.slice(0, count);
}

/**
 * The same arguments as `--name=value`, `--name` and `--no-name`, then `--` and the operands.
 * @throws OcipushError USAGE, in pflag's words, for a flag the command does not have, one that
 * lacks its value, and a boolean flag with a value that is none
 */
export function normaliseFlags(command: Command, args: readonly string[]): string[] {
  const flags: string[] = [];
  const operands: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') operands.push(...rest.splice(0));
    else if (arg.startsWith('--')) flags.push(longFlag(command, arg, rest));
    else if (arg.startsWith('-') && arg !== '-') flags.push(...shortFlags(command, arg, rest));
    else operands.push(arg);
  }
  return [...flags, '--', ...operands];
}

/** Takes the value from `rest` when the flag needs one and brings none. */
function longFlag(command: Command, arg: string, rest: string[]): string {
  const [, name = '', value] = /^--([^=]*)(?:=(.*))?$/s.exec(arg) ?? [];
  if (name === '' || name.startsWith('-')) throw usageError(command, `bad flag syntax: ${arg}`);
  const option = findOption(command, `--${name}`);
  if (option === undefined) {
    if (name === 'help') return '--help';
    throw usageError(command, `unknown flag: --${name}`);
  }
  return spelled(command, option, value, rest, arg);
}

/** `-q`, `-qf oci`, `-foci`, `-f=oci`: all letters of one argument. */
function shortFlags(command: Command, arg: string, rest: string[]): string[] {
  const flags: string[] = [];
  let letters = arg.slice(1);
  while (letters !== '') {
    const letter = letters.charAt(0);
    const others = letters.slice(1);
    const where = `'${letter}' in -${letters}`;
    const option = findOption(command, `-${letter}`);
    if (option === undefined) {
      if (letter === 'h') return [...flags, '--help'];
      throw usageError(command, `unknown shorthand flag: ${where}`);
    }
    const equals = others.length > 1 && others.startsWith('=');
    const takesOthers = equals || (option.required && others !== '');
    const value = takesOthers ? others.slice(equals ? 1 : 0) : undefined;
    flags.push(spelled(command, option, value, rest, where));
    letters = takesOthers ? '' : others;
  }
  return flags;
}

/** One flag for commander; `where` says in an error where its value is missing. */
function spelled(
  command: Command,
  option: Option,
  given: string | undefined,
  rest: string[],
  where: string,
): string {
  if (option.isBoolean()) {
    return isTrue(command, option, given ?? 'true') ? `--${option.name()}` : negated(option);
  }
  const value = given ?? rest.shift();
  if (value === undefined) throw usageError(command, `flag needs an argument: ${where}`);
  return `--${option.name()}=${value}`;
}

function isTrue(command: Command, option: Option, text: string): boolean {
  try {
    return parseBool(text);
  } catch (error) {
    throw invalidArgument(command, option, text, error);
  }
}

function findOption(command: Command, flag: string): Option | undefined {
  return command.options.find(
    (option) => !option.negate && (option.short === flag || option.long === flag),
  );
}

function isProgramFlag(program: Command, arg: string): boolean {
  const [flag = ''] = arg.split('=');
  return flag === '--help' || flag === '-h' || findOption(program, flag) !== undefined;
}
