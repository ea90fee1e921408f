/** The flags of podman are ours: every name, kind and default, but for what the manual owns up to. */
import type { Command, Option } from 'commander';
import { beforeAll, describe, expect, test } from 'vitest';
import { declaredCommands } from '../support/declared-commands.ts';
import { manualItems } from '../support/manual.ts';
import { makePeerHome } from '../support/peer-home.ts';
import { requirePeers } from '../support/peers.ts';

const PAGE = 'ocipush-differences.7';

type Kind = 'boolean' | 'integer' | 'unsigned' | 'list' | 'text';

interface Flag {
  readonly name: string;
  readonly short: string | undefined;
  readonly kind: Kind;
  readonly default: string | undefined;
}

/** How podman's help names the kinds of values; what is not here is text. */
const KINDS: Readonly<Record<string, Kind>> = {
  '': 'boolean',
  int: 'integer',
  uint: 'unsigned',
  ints: 'list',
  strings: 'list',
  stringArray: 'list',
};

/** `  -f, --format string   Manifest type … (default "oci")`, as pflag prints it. */
const LINE = /^ {2,6}(?:(-\w), )?--([a-z-]+)(?: (\S+))? {2,}(.*)$/;

function podmanFlags(help: string): Flag[] {
  const [, options = ''] = help.split('\nOptions:\n');
  const flags = options.split('\n').flatMap((line) => {
    const [, short, name = '', type = '', description = ''] = LINE.exec(line) ?? [];
    const stated = /\(default "?([^" ]+?)"?\)$/.exec(description)?.[1];
    return name === '' ? [] : [{ name, short, kind: KINDS[type] ?? 'text', default: stated }];
  });
  expect(flags).toHaveLength(options.split('\n').filter((line) => line.includes(' --')).length);
  return flags;
}

function ourFlags(command: Command): Flag[] {
  const options = command.createHelp().visibleOptions(command);
  return options.map((option) => ({
    name: option.name(),
    short: option.short,
    kind: kindOf(option),
    default: option.defaultValueDescription,
  }));
}

/** Numbers are told by what their flags say to a word that is none. */
function kindOf(option: Option): Kind {
  if (option.isBoolean()) return 'boolean';
  if (Array.isArray(option.defaultValue)) return 'list';
  try {
    option.parseArg?.('word', undefined);
  } catch (error) {
    if (String(error).includes('ParseInt')) return 'integer';
    if (String(error).includes('ParseUint')) return 'unsigned';
  }
  return 'text';
}

/** Flags that the manual lists in a section, for one of the commands or for both. */
function documented(section: string, command: string): string[] {
  const heads = manualItems(PAGE, section).map(({ head }) => head);
  return heads.flatMap((head) => {
    const [, name = '', only] = /^\\fB--([a-z-]+)\\fR(?: \(\\fB(.+)\\fR\))?$/.exec(head) ?? [];
    expect({ head, name }).not.toMatchObject({ name: '' });
    return only === undefined || only === command ? [name] : [];
  });
}

describe.runIf(requirePeers('podman'))('the flags of podman', () => {
  const help = new Map<string, string>();
  const { push, manifestPush } = declaredCommands();

  beforeAll(async () => {
    await using home = await makePeerHome();
    for (const command of ['', 'push', 'manifest push']) {
      const words = command.split(' ').filter((word) => word !== '');
      const text = await home.run('podman', ...words, '--help');
      help.set(command, text.toString());
    }
  });

  describe.each([
    ['push', push],
    ['manifest push', manifestPush],
  ])('%s', (name, command) => {
    const ours = ourFlags(command);
    const theirs = (): Flag[] => podmanFlags(help.get(name) ?? '');

    test('are there, but for those that the manual says are not', () => {
      const missing = theirs().filter((flag) => ours.every((own) => own.name !== flag.name));
      expect(missing.map((flag) => flag.name)).toEqual(
        documented('OPTIONS OF PODMAN THAT ARE NOT THERE', name),
      );
    });

    test('have the same short form, kind and default, unless the manual says otherwise', () => {
      const other = theirs().filter((flag) => {
        const own = ours.find((each) => each.name === flag.name);
        return own !== undefined && JSON.stringify(own) !== JSON.stringify(flag);
      });
      expect(other.map((flag) => flag.name)).toEqual(
        documented('OPTIONS WITH ANOTHER DEFAULT', name),
      );
    });
  });

  test('are joined by those that the manual gives reasons for', () => {
    const known = new Set(
      [...help.values()].flatMap((text) => podmanFlags(text)).map((flag) => flag.name),
    );
    const added = [...ourFlags(push), ...ourFlags(manifestPush)].map((flag) => flag.name);
    expect([...new Set(added)].filter((name) => !known.has(name)).toSorted()).toEqual(
      documented('OPTIONS THAT PODMAN DOES NOT HAVE', 'push'),
    );
  });
});
