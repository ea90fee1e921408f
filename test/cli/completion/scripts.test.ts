/** What every script must have; that shells complete with it is tested in the shells. */
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bashScript } from '../../../src/cli/completion/bash.ts';
import { fishScript } from '../../../src/cli/completion/fish.ts';
import { outline, type CommandOutline } from '../../../src/cli/completion/outline.ts';
import { zshScript } from '../../../src/cli/completion/zsh.ts';
import { declaredCommands } from '../../support/declared-commands.ts';
import { temporaryDirectory } from '../../support/scratch.ts';

const commands = outline(declaredCommands().root);

/** A program with what has a meaning to shells in its texts. */
const description = `it's [a]: "b" $(exit 1) \`exit 1\` \\`;
const TRICKY: readonly CommandOutline[] = [
  { path: '', flags: [], commands: [{ name: 'run', description }], operands: [] },
  {
    path: 'run',
    flags: [{ long: '--it', short: '-i', description, value: 'path' }],
    commands: [],
    operands: 'images',
  },
];

describe.each([
  ['bash', bashScript],
  ['fish', fishScript],
  ['zsh', zshScript],
] as const)('%s', (shell, script) => {
  test('knows every command, flag and value', () => {
    const text = script(commands);
    const plain = text.replaceAll('\\', '');
    for (const { path, flags } of commands) {
      expect(text).toContain(path);
      for (const { long } of flags) {
        expect(text).toContain(shell === 'fish' ? `-l ${long.slice(2)}` : long);
      }
      const choices = flags.flatMap(({ value }) => (typeof value === 'string' ? [] : [value]));
      for (const values of choices) expect(plain).toContain(values.join(' '));
    }
  });

  test.runIf(spawnSync(shell, ['-c', 'exit 0']).status === 0)(
    'is sound, whatever texts say',
    async () => {
      const file = join(await temporaryDirectory(), 'script');
      for (const outlined of [commands, TRICKY]) {
        await writeFile(file, script(outlined));
        const { status, stderr } = spawnSync(shell, ['-n', file]);
        expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' });
      }
    },
  );
});
