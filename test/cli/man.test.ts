import { readdirSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { declaredCommands } from '../support/declared-commands.ts';
import { manualItems, manualSection } from '../support/manual.ts';

const { root, login, logout, push, manifestPush } = declaredCommands();
const [image] = root.commands.filter((command) => command.name() === 'image');

/** What a reader of either text learns of a flag. */
interface Flag {
  readonly long: string;
  readonly short: string | undefined;
  readonly placeholder: string | undefined;
  readonly default: string | undefined;
}

/** `\fB--quiet\fR, \fB-q\fR` or `\fB--retry\fR=\fItimes\fR`, and `The default is \fB3\fR.` */
function documentedFlags(page: string): Flag[] {
  return manualItems(page, 'OPTIONS').map(({ head, body }) => {
    const match = /^\\fB(--[a-z-]+)\\fR(?:=\\fI([^\\]+)\\fR)?(?:, \\fB(-.)\\fR)?$/.exec(head);
    const stated = /The default is \\fB(.+?)\\fR\./.exec(body);
    return {
      long: match?.[1] ?? `unreadable: ${head}`,
      short: match?.[3],
      placeholder: match?.[2],
      default: stated?.[1],
    };
  });
}

function declaredFlags(command: Command): Flag[] {
  const options = command.createHelp().visibleOptions(command);
  return options.map((option) => ({
    long: option.long ?? '',
    short: option.short,
    placeholder: /<(.+)>/.exec(option.flags)?.[1],
    default: option.defaultValueDescription,
  }));
}

function byName(flags: readonly Flag[]): Flag[] {
  return flags.toSorted((a, b) => (a.long < b.long ? -1 : 1));
}

describe.each([
  ['ocipush.1', root],
  ['ocipush-login.1', login],
  ['ocipush-logout.1', logout],
  ['ocipush-push.1', push],
  ['ocipush-manifest-push.1', manifestPush],
])('%s', (page, command) => {
  test('documents the flags that exist, and no others', () => {
    expect(byName(documentedFlags(page))).toEqual(byName(declaredFlags(command)));
  });

  test('lists them in alphabetical order', () => {
    expect(documentedFlags(page)).toEqual(byName(documentedFlags(page)));
  });
});

test('npm installs all pages', () => {
  const { man } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { readonly man: readonly string[] };
  const pages = readdirSync(new URL('../../man', import.meta.url));
  expect(man).toEqual(pages.toSorted().map((page) => `./man/${page}`));
});

test('ocipush.1 lists the commands that exist, and no others', () => {
  const documented = manualSection('ocipush.1', 'COMMANDS').match(/(?<=^\.B ).+$/gm);
  const leaves = root.commands.flatMap((command) =>
    command.commands.length === 0
      ? [command.name()]
      : command.commands.map((leaf) => `${command.name()} ${leaf.name()}`),
  );
  expect(documented).toEqual(leaves.sort());
});

test('image push has the flags of push', () => {
  expect(image?.commands.map(declaredFlags)).toEqual([declaredFlags(push)]);
});
