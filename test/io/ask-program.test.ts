import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { askProgram, type ProgramQuestion } from '../../src/io/ask-program.ts';

/** Asks a shell that does these lines. */
function ask(lines: string, more: Partial<ProgramQuestion> = {}) {
  return askProgram({
    program: '/bin/sh',
    args: ['-c', lines],
    input: '',
    environment: { PATH: process.env['PATH'] },
    limit: 1000,
    timeout: 20_000,
    complaints: 'keep',
    ...more,
  });
}

describe('askProgram', () => {
  test('gives what was asked, and takes the answer and the complaints', async () => {
    const answer = await ask('cat; echo careful >&2', { input: Buffer.from('question') });
    expect(Buffer.from(answer.output).toString()).toBe('question');
    expect(answer).toMatchObject({ failure: undefined, complaints: 'careful' });
  });

  test.each<[lines: string, more: Partial<ProgramQuestion>, failure: RegExp, complaints: string]>([
    ['echo no >&2; exit 3', {}, /^exit status 3$/, 'no'],
    ['kill -9 $$', {}, /^signal: SIGKILL$/, ''],
    ['exec sleep 100', { timeout: 50 }, /^\/bin\/sh gave no answer within 0\.05 s$/, ''],
    ['printf %2000s', {}, /exceeded maximum allowed size of 1000 bytes/, ''],
    ['', { program: 'nosuch' }, /^exec: "nosuch": executable file not found in \$PATH$/, ''],
  ])('%s %j fails', async (lines, more, failure, complaints) => {
    const answer = await ask(lines, more);
    expect(answer.failure).toMatch(failure);
    expect(answer.complaints).toBe(complaints);
  });

  test('leaves nobody who listens to its signal', async () => {
    const { signal } = new AbortController();
    await ask('true', { signal });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('keeps the end of many complaints', async () => {
    const { complaints } = await ask('printf %9000s >&2; echo end >&2; exit 1');
    expect(complaints).toBe('end');
  });

  test('hands over a secret, and takes the status', async () => {
    const lines = 'cat <&3; echo begun >&4; printf %9000s >&4; echo done >&4';
    const answer = await ask(lines, { secret: Buffer.from('secret'), timeout: undefined });
    expect(answer).toMatchObject({ output: Buffer.from('secret'), status: 'done', hasRun: true });
    expect((await ask('cat <&3 2>&1')).failure).toBeDefined();
  });

  test.each([
    ['nosuch', false],
    ['/', false],
    ['/bin/false', true],
  ])('tells whether %s has run', async (program, hasRun) => {
    const answer = await ask('', { program, secret: Buffer.alloc(1_000_000) });
    expect(answer).toMatchObject({ hasRun, failure: expect.any(String) as string });
  });

  test('a question need not be read', async () => {
    const { failure } = await ask('exit 0', { input: Buffer.alloc(1_000_000) });
    expect(failure).toBeUndefined();
  });

  test('ends with the signal, for its reason', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const asking = ask('exec sleep 100', { signal: controller.signal });
    controller.abort(reason);
    await expect(asking).rejects.toBe(reason);
    await expect(ask('exit 0', { signal: controller.signal })).rejects.toBe(reason);
  });
});
