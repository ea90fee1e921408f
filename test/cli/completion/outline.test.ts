import { describe, expect, test } from 'vitest';
import { outline, type CommandOutline } from '../../../src/cli/completion/outline.ts';
import { declaredCommands } from '../../support/declared-commands.ts';

/** `json, digest or reference`, with or without words in brackets; but no examples. */
const LIST = /(?<!such as )\b(?:[\w:]+(?: \([^)]*\))?, )+[\w:]+(?: \([^)]*\))? or [\w:]+/;

const commands = outline(declaredCommands().root);

function at(path: string): CommandOutline {
  const found = commands.find((command) => command.path === path);
  if (found === undefined) throw new Error(`no command ${path}`);
  return found;
}

describe('outline', () => {
  test('has every command', () => {
    const paths = ',completion,image,image push,login,logout,manifest,manifest push,push';
    expect(commands.map(({ path }) => path).toSorted()).toEqual(paths.split(','));
  });

  test.each([
    ['', 'images', ['completion', 'image', 'login', 'logout', 'manifest', 'push']],
    ['image', [], ['push']],
    ['login', [], []],
    ['push', 'images', []],
    ['completion', ['bash', 'fish', 'zsh'], []],
  ])('%j is followed by %j or %j', (path, operands, names) => {
    expect(at(path).operands).toEqual(operands);
    expect(
      at(path)
        .commands.map(({ name }) => name)
        .toSorted(),
    ).toEqual(names);
  });

  test.each([
    ['--quiet', '-q', 'none'],
    ['--creds', undefined, 'text'],
    ['--digestfile', undefined, 'path'],
    ['--format', '-f', ['oci', 'v2s1', 'v2s2', 'docker']],
    ['--compression-format', undefined, ['gzip', 'zstd', 'zstd:chunked']],
    ['--add-compression', undefined, ['gzip', 'zstd', 'zstd:chunked']],
    ['--progress', undefined, ['auto', 'tty', 'plain', 'json', 'none']],
  ])('%s', (long, short, value) => {
    expect(at('push').flags.find((flag) => flag.long === long)).toMatchObject({ short, value });
  });

  test('offers every value that a help text lists', () => {
    const lists = commands.flatMap(({ path, flags }) =>
      flags.flatMap(({ long, description, value }) => {
        const [list] = LIST.exec(description) ?? [];
        return list === undefined ? [] : [{ flag: `${path} ${long}`, list, value }];
      }),
    );
    const flags = lists.map(({ flag }) => flag);
    expect(flags).toEqual(expect.arrayContaining(['push --referrers', 'manifest push --output']));
    for (const { list, value } of lists) {
      const words = list.replaceAll(/ \([^)]*\)/g, '').split(/, | or /);
      expect(value).toEqual(expect.arrayContaining(words));
    }
  });

  test('leaves out what is hidden', () => {
    const names = at('push').flags.map(({ long }) => long);
    expect(names).toContain('--tls-verify');
    expect(names).not.toContain('--no-tls-verify');
    expect(names).not.toContain('--signature-policy');
  });
});
