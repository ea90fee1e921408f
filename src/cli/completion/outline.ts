/** What a shell has to know of the program to complete a command line. */
import type { Command, Option } from 'commander';

/** What a flag's value is chosen from; `none`: the flag has no value, `text`: anything. */
export type FlagValue = 'none' | 'path' | 'text' | readonly string[];

export interface FlagOutline {
  readonly long: string;
  readonly short: string | undefined;
  readonly description: string;
  readonly value: FlagValue;
}

export interface CommandOutline {
  /** As it is typed after the program's name: `manifest push`; empty for the program itself. */
  readonly path: string;
  readonly flags: readonly FlagOutline[];
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  /** What stands behind the flags: images and where they go, or one of a few words, or nothing. */
  readonly operands: 'images' | readonly string[];
}

/** The program and all its commands. */
export function outline(program: Command): readonly CommandOutline[] {
  return commandOutlines(program, []);
}

function commandOutlines(command: Command, path: readonly string[]): readonly CommandOutline[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const [argument] = command.registeredArguments;
  const takesImages = /\b(?:IMAGE|LIST)\b/.test(command.usage());
  return [
    {
      path: path.join(' '),
      flags: help.visibleOptions(command).map(flagOutline),
      commands: commands.map((each) => ({ name: each.name(), description: each.description() })),
      operands: argument?.argChoices ?? (takesImages ? 'images' : []),
    },
    ...commands.flatMap((each) => commandOutlines(each, [...path, each.name()])),
  ];
}

/** A placeholder `<path>` says that a value is one. */
function flagOutline(option: Option): FlagOutline {
  const { long, short, flags, description, argChoices } = option;
  const text = flags.endsWith('<path>') ? 'path' : 'text';
  return {
    long: long ?? '',
    short,
    description,
    value: option.isBoolean() ? 'none' : (argChoices ?? text),
  };
}
