import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { completionCommand } from '../../src/cli/completion-command.ts';
import { declaredCommands } from '../support/declared-commands.ts';
import { temporaryDirectory } from '../support/scratch.ts';

async function printed(what: string, environment: NodeJS.ProcessEnv = {}): Promise<string> {
  const stdout = new PassThrough({ encoding: 'utf8' });
  await completionCommand({ what, program: declaredCommands().root }, { stdout, environment });
  return (stdout.read() as string | null) ?? '';
}

describe('completionCommand', () => {
  test.each(['bash', 'fish', 'zsh'])('%s has its script', async (shell) => {
    expect(await printed(shell)).toContain(`ocipush completion ${shell}`);
  });

  test.each(['ksh', '', 'toString'])('%j is refused', async (what) => {
    await expect(printed(what)).rejects.toMatchObject({ code: 'USAGE', origin: 'usage' });
  });

  test('images are those of local storage that have a name which can be asked for', async () => {
    const directory = await temporaryDirectory();
    const graph = join(directory, 'graph');
    await mkdir(join(graph, 'vfs-images'), { recursive: true });
    const names = [['localhost/b:1', 'docker.io/library/a:2'], [], ['$(exit 1)', 'localhost/b:1']];
    const records = names.map((own, index) => ({ id: `i${index}`, names: own }));
    await writeFile(join(graph, 'vfs-images', 'images.json'), JSON.stringify(records));
    const conf = join(directory, 'storage.conf');
    await writeFile(conf, `[storage]\ndriver = "vfs"\ngraphroot = "${graph}"\nrunroot = "/r"\n`);
    expect(await printed('images', { CONTAINERS_STORAGE_CONF: conf })).toBe(
      'docker.io/library/a:2\nlocalhost/b:1\n',
    );
  });
});
