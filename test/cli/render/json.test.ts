import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createJsonRenderer } from '../../../src/cli/render/json.ts';
import type { Renderer } from '../../../src/cli/render/renderer.ts';
import { logFilter } from '../../../src/cli/render/wording.ts';
import { OcipushError } from '../../../src/errors.ts';
import { CONFIG, EVERY_EVENT, LAYER, STORED } from './events.ts';

const time = '2026-11-20T15:08:40.000Z';

let written = '';

function open(): Renderer {
  written = '';
  return createJsonRenderer((text) => (written += text), logFilter('debug'));
}

function objects(): unknown[] {
  expect(written.endsWith('\n')).toBe(true);
  const lines = written.slice(0, -1).split('\n');
  return lines.map((text) => JSON.parse(text) as unknown);
}

beforeEach(() => void vi.useFakeTimers({ now: Date.parse(time) }));
afterEach(() => void vi.useRealTimers());

describe('createJsonRenderer', () => {
  test('writes nothing that a terminal acts on', () => {
    const message = '\u009B31m\u202E\u2028';
    open().event({ kind: 'warning', message });
    expect(written).not.toMatch(/[\p{Cf}\p{Zl}\u0080-\u009F]/u);
    expect(objects()).toMatchObject([{ event: 'log', message }]);
  });

  test('writes an object a line', () => {
    const renderer = open();
    for (const event of EVERY_EVENT) renderer.event(event);
    renderer.close();
    const done = (digest: string, result: string, stored: object, sent: number): object => ({
      event: 'blob-done',
      time,
      digest,
      result,
      stored,
      sent,
      milliseconds: 0,
    });
    const error = { code: null, message: 'connection reset\r', origin: null, hint: null };
    const layer = { role: 'layer', digest: LAYER, size: 4 * 1024 * 1024 };
    expect(objects()).toEqual([
      { event: 'reading-signatures', time, of: 'list' },
      { event: 'list', time, copies: 2, total: 3 },
      { event: 'instance', time, isAdded: false, digest: CONFIG, index: 0, of: 2 },
      { event: 'reading-signatures', time, of: 'image' },
      { event: 'log', time, level: 'warning', message: 'a "warning"\u001B[2J\nof two lines' },
      { event: 'blob-total', time, count: 3, size: 4 * 1024 * 1024 + 1800 },
      { event: 'blob-start', time, ...layer },
      {
        event: 'retry',
        time,
        what: 'push',
        blob: null,
        attempt: 1,
        of: 3,
        delayMilliseconds: 1000,
        error,
      },
      { event: 'blob-start', time, ...layer },
      done(LAYER, 'exists', { digest: STORED, size: 9 }, 0),
      { event: 'blob-start', time, role: 'config', digest: CONFIG, size: 900 },
      { event: 'log', time, level: 'debug', message: 'GET https://r.test/' },
      done(CONFIG, 'uploaded', { digest: CONFIG, size: 900 }, 900),
      { event: 'blob-start', time, role: 'layer', digest: STORED, size: 900 },
      done(STORED, 'mounted', { digest: STORED, size: 900 }, 0),
      { event: 'writing-manifest', time, of: 'image' },
      { event: 'writing-manifest', time, of: 'list' },
      { event: 'creating-signature', time, format: 'simple-signing' },
      { event: 'creating-signature', time, format: 'sigstore', number: 2 },
      { event: 'unchanged', time, digest: STORED },
    ]);
  });

  test('says once a second how far each blob has come', () => {
    const renderer = open();
    renderer.event({ kind: 'blob-start', role: 'layer', digest: LAYER, size: 50 });
    renderer.event({ kind: 'blob-bytes', digest: LAYER, count: 20 });
    renderer.event({ kind: 'blob-sent', digest: LAYER, count: 5 });
    vi.advanceTimersByTime(999);
    expect(objects()).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(objects()[1]).toEqual({
      event: 'blob-progress',
      time: '2026-11-20T15:08:41.000Z',
      digest: LAYER,
      size: 50,
      done: 20,
      sent: 5,
    });
    renderer.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('writes errors, too', () => {
    const denied = new OcipushError('REGISTRY_DENIED', 'no', { origin: 'destination' });
    const renderer = open();
    renderer.fail?.(new AggregateError([denied, new TypeError('a defect')]));
    renderer.fail?.(denied);
    const first = {
      event: 'error',
      time,
      code: 'REGISTRY_DENIED',
      message: 'no',
      origin: 'destination',
      hint: null,
    };
    const second = { event: 'error', time, code: null, message: 'a defect' };
    expect(objects()).toEqual([first, { ...second, origin: null, hint: null }, first]);
    renderer.close();
  });
});
