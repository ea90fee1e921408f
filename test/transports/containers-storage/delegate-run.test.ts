import { createReadStream } from 'node:fs';
import { writeFile, chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { OcipushError } from '../../../src/errors.ts';
import {
  complaintOf,
  runDelegate,
} from '../../../src/transports/containers-storage/delegate-run.ts';
import { thrownBy } from '../../support/thrown.ts';
import { makeFakeDelegates, type FakeDelegates } from './fake-delegate.ts';

async function run(
  { directory, environment }: FakeDelegates,
  program: string,
  args: readonly string[] = [],
  signal = new AbortController().signal,
): Promise<void> {
  await runDelegate({ program, args, environment, log: join(directory, 'log') }, signal);
}

describe('complaintOf', () => {
  test.each([
    ['', ''],
    ['\n \n', ''],
    ['time="2026-01-01T00:00:00Z" level=fatal msg="reading \\"x\\": no"', 'reading "x": no'],
    ['time="t" level=fatal msg="a \\x1b b"', 'a \\x1b b'],
    ['Error: no space left', 'no space left'],
    ['time="t" level=warning msg="odd"\nError: no space left\n', 'no space left'],
    [
      'time="t" level=error msg="finding newgidmap"\nError during setresgid(0)\n',
      'finding newgidmap; Error during setresgid(0)',
    ],
  ])('%j is %j', (text, complaint) => {
    expect(complaintOf(text)).toBe(complaint);
  });
});

describe('a delegate', () => {
  test('gets its arguments as they are, and the environment', async () => {
    const fakes = await makeFakeDelegates();
    const program = await fakes.install('skopeo');
    const args = ['a b', '$HOME', '"'];
    await run(fakes, program, args);
    expect(await fakes.calls()).toEqual([['skopeo', ...args]]);
  });

  test.each([
    ['echo "Error: no space left" >&2; exit 125', 'no space left'],
    ['exit 3', 'exit status 3'],
    ['kill -9 $$', 'signal: SIGKILL'],
  ])('that fails by %s says so', async (script, message) => {
    const fakes = await makeFakeDelegates();
    const error = await thrownBy(run(fakes, await fakes.install('skopeo', script)));
    expect(error).toMatchObject({ code: 'FILE_UNWRITABLE', origin: 'destination', message });
    expect(error.hint).toEqual(expect.any(String));
  });

  test('that never stops complaining is heard at its end', async () => {
    const fakes = await makeFakeDelegates();
    const script = 'yes "a complaint" | head -n 100000 >&2; echo "Error: last" >&2; exit 1';
    const { message } = await thrownBy(run(fakes, await fakes.install('skopeo', script)));
    expect(message).toMatch(/; last$/);
    expect(message.length).toBeLessThan(20_000);
  });

  test('that cannot be started is an error', async () => {
    const fakes = await makeFakeDelegates();
    const program = join(fakes.directory, 'broken');
    await writeFile(program, '#!/nonexistent\n');
    await chmod(program, 0o755);
    const error = await thrownBy(run(fakes, program));
    expect(error).toMatchObject({ code: 'FILE_UNWRITABLE', origin: 'destination' });
    expect(error.message).toContain(program);
  });

  test('that leaves something running is not waited for', async () => {
    const fakes = await makeFakeDelegates();
    const pipe = fakes.pipe('pipe');
    const program = await fakes.install('skopeo', `cat ${pipe} >&2 & exit 0`);
    await expect(run(fakes, program)).resolves.toBeUndefined();
    // Not before now can it end.
    await writeFile(pipe, 'late');
  });

  test('is ended by an abort, with all that it started', async () => {
    const fakes = await makeFakeDelegates();
    const pipe = fakes.pipe('pipe');
    const script = `exec 3> ${pipe}; trap '' TERM INT; sleep 1000 & echo started >&3; wait`;
    const abortion = new AbortController();
    const running = thrownBy(
      run(fakes, await fakes.install('skopeo', script), [], abortion.signal),
    );
    let said = '';
    // It ends when nobody is left who could write.
    for await (const chunk of createReadStream(pipe, 'utf8')) {
      said += String(chunk);
      abortion.abort(new OcipushError('ABORTED', 'interrupted'));
    }
    expect(said).toBe('started\n');
    expect(await running).toMatchObject({ code: 'ABORTED' });
  });

  test('is not started after an abort', async () => {
    const fakes = await makeFakeDelegates();
    const program = await fakes.install('skopeo');
    const signal = AbortSignal.abort(new OcipushError('ABORTED', 'interrupted'));
    expect(await thrownBy(run(fakes, program, [], signal))).toMatchObject({ code: 'ABORTED' });
    expect(await fakes.calls()).toEqual([]);
    await expect(stat(join(fakes.directory, 'log'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
