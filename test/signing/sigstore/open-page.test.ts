import { chmod, readFile, writeFile } from 'node:fs/promises';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { openPage } from '../../../src/signing/sigstore/open-page.ts';
import { temporaryDirectory } from '../../support/scratch.ts';

const page = new URL('https://id.test/auth?state=a&nonce=b');

afterEach(() => {
  vi.unstubAllEnvs();
});

test.runIf(process.platform === 'linux')('a page is opened, and told', async () => {
  const directory = await temporaryDirectory();
  const opener = join(directory, 'xdg-open');
  // Renamed when it is whole: the watcher sees a file with all its bytes.
  await writeFile(
    opener,
    `#!/bin/sh\nprintf %s "$1" >${directory}/a && mv ${directory}/a ${directory}/b\n`,
  );
  await chmod(opener, 0o755);
  vi.stubEnv('PATH', `${directory}:${process.env['PATH']}`);
  const opened = new Promise<void>((resolve) => {
    const watcher = watch(directory, (_, name) => {
      if (name !== 'b') return;
      watcher.close();
      resolve();
    });
  });
  const told: string[] = [];
  openPage(page, (message) => told.push(message));
  await opened;
  expect(await readFile(join(directory, 'b'), 'utf8')).toBe(page.href);
  expect(told).toEqual([`Sign in with your browser at: ${page.href}`]);
});

test('a page is told where there is no browser', async () => {
  vi.stubEnv('PATH', await temporaryDirectory());
  const told: string[] = [];
  openPage(page, (message) => told.push(message));
  expect(told).toEqual([`Sign in with your browser at: ${page.href}`]);
});
