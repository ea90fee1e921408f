import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { findCommand, normaliseFlags } from '../../src/cli/argv.ts';
import { addBooleanFlag, addTextFlag } from '../../src/cli/flags.ts';
import { declaredCommands } from '../support/declared-commands.ts';

/** Flags of each kind, with and without a short form. */
function command(): Command {
  const push = new Command('ocipush').command('push');
  addBooleanFlag(push, '-q, --quiet', 'none');
  addBooleanFlag(push, '--tls-verify', 'none');
  addTextFlag(push, '-f, --format <format>', 'a value');
  addTextFlag(push, '--creds <USER:PASS>', 'a value');
  return push;
}

describe('normaliseFlags', () => {
  test.each<[typed: string[], flags: string[], operands: string[]]>([
    [[], [], []],
    [['a', 'b'], [], ['a', 'b']],
    [['--quiet'], ['--quiet'], []],
    [['-q'], ['--quiet'], []],
    [['--quiet', 'a'], ['--quiet'], ['a']], // a boolean takes no operand
    [['--tls-verify', 'false', 'a'], ['--tls-verify'], ['false', 'a']],
    [['--tls-verify=false'], ['--no-tls-verify'], []],
    ...['0', 'f', 'F', 'FALSE', 'False'].map((value): [string[], string[], string[]] => [
      [`--tls-verify=${value}`],
      ['--no-tls-verify'],
      [],
    ]),
    ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((value): [string[], string[], string[]] => [
      [`--tls-verify=${value}`],
      ['--tls-verify'],
      [],
    ]),
    [['-q=false'], ['--no-quiet'], []],
    [['--quiet', '--quiet=0'], ['--quiet', '--no-quiet'], []],
    [['--creds', 'u:p', 'a'], ['--creds=u:p'], ['a']],
    [['--creds=u:p'], ['--creds=u:p'], []],
    [['--creds=u=p'], ['--creds=u=p'], []],
    [['--creds='], ['--creds='], []],
    [['--creds', '--quiet'], ['--creds=--quiet'], []], // whatever comes next is the value
    [['--creds', '--', 'a'], ['--creds=--'], ['a']],
    [['--creds=a\nb'], ['--creds=a\nb'], []],
    [['-f', 'oci'], ['--format=oci'], []],
    [['-foci'], ['--format=oci'], []],
    [['-f=oci'], ['--format=oci'], []],
    [['-f='], ['--format=='], []],
    [['-f', '-1'], ['--format=-1'], []],
    [['-qf', 'oci'], ['--quiet', '--format=oci'], []],
    [['-qfoci'], ['--quiet', '--format=oci'], []],
    [['-fq'], ['--format=q'], []],
    [['a', '-q', 'b'], ['--quiet'], ['a', 'b']], // flags after operands
    [['-q', '--', '-q', '--bogus', '--'], ['--quiet'], ['-q', '--bogus', '--']],
    [['-'], [], ['-']],
    [['-', 'b', '-q'], ['--quiet'], ['-', 'b']],
    [['--help'], ['--help'], []],
    [['-h'], ['--help'], []],
    [['-qh'], ['--quiet', '--help'], []],
  ])('%j', (typed, flags, operands) => {
    expect(normaliseFlags(command(), typed)).toEqual([...flags, '--', ...operands]);
  });

  test.each([
    [['--bogus'], 'unknown flag: --bogus'],
    [['--bogus=1', 'a'], 'unknown flag: --bogus'],
    [['a', '--bogus'], 'unknown flag: --bogus'],
    [['--no-quiet'], 'unknown flag: --no-quiet'],
    [['--help', '--bogus'], 'unknown flag: --bogus'],
    [['-x'], `unknown shorthand flag: 'x' in -x`],
    [['-qxy'], `unknown shorthand flag: 'x' in -xy`],
    [['-='], `unknown shorthand flag: '=' in -=`],
    [['--creds'], 'flag needs an argument: --creds'],
    [['-f'], `flag needs an argument: 'f' in -f`],
    [['-qf'], `flag needs an argument: 'f' in -f`],
    [['---'], 'bad flag syntax: ---'],
    [['--=x'], 'bad flag syntax: --=x'],
    [
      ['--tls-verify=maybe'],
      'invalid argument "maybe" for "--tls-verify" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    [
      ['--tls-verify='],
      'invalid argument "" for "--tls-verify" flag: strconv.ParseBool: parsing "": invalid syntax',
    ],
    [
      ['-q=x'],
      'invalid argument "x" for "-q, --quiet" flag: strconv.ParseBool: parsing "x": invalid syntax',
    ],
  ])('%j is refused as by pflag', (typed, message) => {
    expect(() => normaliseFlags(command(), typed)).toThrow(
      expect.objectContaining({ code: 'USAGE', message, context: { help: 'ocipush push --help' } }),
    );
  });
});

describe('findCommand', () => {
  const { root, push } = declaredCommands();

  test.each<[argv: string[], name: string, parent: string, args: string[]]>([
    [['push', 'a', 'b'], 'push', 'ocipush', ['a', 'b']],
    [['image', 'push', 'a', 'b'], 'push', 'image', ['a', 'b']],
    [['a', 'b'], 'push', 'ocipush', ['a', 'b']],
    [['-q', 'a', 'b'], 'push', 'ocipush', ['-q', 'a', 'b']],
    [['--', 'image', 'b'], 'push', 'ocipush', ['--', 'image', 'b']],
    [['-', 'b'], 'push', 'ocipush', ['-', 'b']],
    [['--bogus'], 'push', 'ocipush', ['--bogus']],
    [['push', 'push', 'b'], 'push', 'ocipush', ['push', 'b']],
    [['image', 'other'], 'image', 'ocipush', ['other']],
    [['image', '--help'], 'image', 'ocipush', ['--help']],
  ])('%j', (argv, name, parent, args) => {
    const found = findCommand(root, argv, push);
    expect([found.command.name(), found.command.parent?.name(), found.args]).toEqual([
      name,
      parent,
      args,
    ]);
  });

  test.each([[[]], [['--version']], [['-v']], [['--version=false']], [['--help']], [['-h', 'a']]])(
    '%j is for the program itself',
    (argv) => {
      expect(findCommand(root, argv, push)).toEqual({ command: root, args: argv });
    },
  );
});
