/** What a press of TAB completes, in the shells themselves. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeHome, type Home } from '../support/ocipush.ts';
import { requirePeers } from '../support/peers.ts';
import { openTerminal, type Terminal } from '../support/tmux.ts';

const COMMAND = join(import.meta.dirname, '..', '..', 'bin', 'ocipush.js');

/** Names of images in a local container storage. */
const IMAGES = ['localhost/app:1', 'registry.example.com/team/base:2'];

/** Ways to start each shell without the files of whoever runs the tests. */
const SHELLS = {
  bash: {
    start: ['bash', '--norc', '--noprofile', '-i'],
    load: "PS1='> '; . ./script",
  },
  zsh: {
    start: ['zsh', '-f', '-i'],
    load: "PROMPT='> '; autoload -U compinit; compinit -D; . ./script",
  },
  fish: {
    start: ['fish', '--no-config', '-i'],
    load: "function fish_prompt; echo '> '; end; set -g fish_autosuggestion_enabled 0; source ./script",
  },
} as const;

/** The command line on a screen, with what was put in; undefined while the shell works on it. */
function lineOf(screen: readonly string[]): string | undefined {
  return screen.findLast((line) => line.startsWith('> '))?.slice(2);
}

describe.runIf(requirePeers('tmux', 'zsh', 'fish')).each(Object.entries(SHELLS))(
  '%s',
  (shell, { start, load }) => {
    let home: Home;
    let terminal: Terminal;

    beforeAll(async () => {
      home = await makeHome();
      await writeStorage(home.path);
      await mkdir(join(home.path, 'bin'));
      await writeFile(
        join(home.path, 'bin', 'ocipush'),
        `#!/bin/sh\nexec '${process.execPath}' '${COMMAND}' "$@"\n`,
      );
      await chmod(join(home.path, 'bin', 'ocipush'), 0o755);
      await mkdir(join(home.path, 'layout'));
      await writeFile(join(home.path, 'image.tar'), '');
      const { stdout } = await home.run(['completion', shell]);
      await writeFile(join(home.path, 'script'), stdout);
      terminal = await openTerminal(start, {
        columns: 120,
        cwd: home.path,
        env: {
          PATH: `${join(home.path, 'bin')}:${process.env['PATH']}`,
          HOME: home.path,
          CONTAINERS_STORAGE_CONF: join(home.path, 'storage.conf'),
        },
      });
      await terminal.type(load);
      await terminal.press('Enter');
      await terminal.shows((lines) => lines.at(-1) === '>');
    });

    afterAll(async () => {
      await terminal[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    });

    test.each([
      ['ocipush manif', 'ocipush manifest '],
      ['ocipush manifest ', 'ocipush manifest push '],
      ['ocipush image pu', 'ocipush image push '],
      ['ocipush completion fi', 'ocipush completion fish '],
      ['ocipush push --dry', 'ocipush push --dry-run '],
      ['ocipush --log-level de', 'ocipush --log-level debug '],
      ['ocipush push --compression-format g', 'ocipush push --compression-format gzip '],
      ['ocipush push --format=v2s1', 'ocipush push --format=v2s1 '],
      ['ocipush push --output=j', 'ocipush push --output=json '],
      ['ocipush push --authfile imag', 'ocipush push --authfile image.tar '],
      ['ocipush push local', 'ocipush push localhost/app:1 '],
      ['ocipush push -q regis', 'ocipush push -q registry.example.com/team/base:2 '],
      ['ocipush local', 'ocipush localhost/app:1 '],
      ['ocipush push containers-storage:l', 'ocipush push containers-storage:localhost/app:1 '],
      ['ocipush push docker-a', 'ocipush push docker-archive:'],
      ['ocipush push oci:lay', 'ocipush push oci:layout/'],
      ['ocipush push a docker-archive:im', 'ocipush push a docker-archive:image.tar '],
      ['ocipush push ./im', 'ocipush push ./image.tar '],
    ])('%s', async (typed, completed) => {
      await terminal.type(typed);
      await terminal.press('Tab');
      // Blanks at the end of a line show only when something stands behind them.
      await terminal.type('#');
      const screen = await terminal.shows((lines) => lineOf(lines)?.endsWith('#') ?? false);
      // Not C-c: it is a signal, which fish loses between two keys.
      await terminal.press('C-u');
      await terminal.shows((lines) => lines.at(-1) === '>');
      expect(lineOf(screen)).toBe(`${completed}#`);
    });
  },
);

async function writeStorage(home: string): Promise<void> {
  await writeFile(
    join(home, 'storage.conf'),
    `[storage]\ndriver = "vfs"\ngraphroot = "${home}/storage"\nrunroot = "${home}/run"\n`,
  );
  await mkdir(join(home, 'storage', 'vfs-images'), { recursive: true });
  const records = IMAGES.map((name, index) => ({ id: String(index).repeat(64), names: [name] }));
  await writeFile(join(home, 'storage', 'vfs-images', 'images.json'), JSON.stringify(records));
}
