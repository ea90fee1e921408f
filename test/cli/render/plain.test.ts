import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createPlainRenderer } from '../../../src/cli/render/plain.ts';
import type { Renderer } from '../../../src/cli/render/renderer.ts';
import { logFilter } from '../../../src/cli/render/wording.ts';
import { CONFIG, EVERY_EVENT, LAYER, STORED } from './events.ts';

const MIB = 1024 * 1024;

let written = '';

function open(): Renderer {
  written = '';
  return createPlainRenderer((text) => (written += text), logFilter('warning'));
}

/** What was written since it was last asked for. */
function news(): string {
  const text = written;
  written = '';
  return text;
}

beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2026-11-20T15:08:40.123Z') }));
afterEach(() => void vi.useRealTimers());

describe('createPlainRenderer', () => {
  test('prints no line without end', () => {
    const type = 'x'.repeat(1_000_000);
    const renderer = open();
    renderer.event({ kind: 'referrer', digest: LAYER, type });
    renderer.event({ kind: 'warning', message: type });
    for (const text of news().split('\n')) expect(text.length).toBeLessThan(2100);
  });

  test("prints podman's lines, and one for the end of each blob", () => {
    const renderer = open();
    for (const event of EVERY_EVENT) renderer.event(event);
    renderer.close();
    expect(written).toBe(
      `Getting image list signatures
Copying 2 images generated from 3 images in list
Copying image ${CONFIG} (1/2)
Getting image source signatures
time="2026-11-20T15:08:40Z" level=warning msg="a \\"warning\\"\\x1b[2J\\nof two lines"
Copying blob ${LAYER}
time="2026-11-20T15:08:40Z" level=warning msg="Failed, retrying in 1s ... (1/3). Error: connection reset\\r"
Copying blob ${LAYER}
Skipped blob ${LAYER}: already exists
Copying config ${CONFIG}
Copied config ${CONFIG}: 900.0b in 0s, 0.0 b/s
Copying blob ${STORED}
Mounted blob ${STORED} from team/base
Writing manifest to image destination
Writing manifest list to image destination
Creating signature: Signing image using simple signing
Creating signature 2: Signing image using a sigstore signature
Skipping: image already present at destination
`,
    );
  });

  test('says how fast a blob went, counting what was sent', () => {
    const renderer = open();
    renderer.event({ kind: 'blob-start', role: 'layer', digest: LAYER, size: 8 * MIB });
    renderer.event({ kind: 'blob-bytes', digest: LAYER, count: 8 * MIB });
    renderer.event({ kind: 'blob-sent', digest: LAYER, count: 3 * MIB });
    vi.advanceTimersByTime(1500);
    const stored = { digest: STORED, size: 3 * MIB, how: 'uploaded' } as const;
    renderer.event({ kind: 'blob-done', digest: LAYER, stored });
    expect(news()).toContain(`Copied blob ${LAYER}: 3.0MiB in 1.5s, 2.0 MiB/s\n`);
    renderer.close();
  });

  test('sums up every 30 seconds while blobs are on their way', () => {
    const renderer = open();
    renderer.event({ kind: 'blob-total', count: 2, size: 90 * MIB });
    renderer.event({ kind: 'blob-start', role: 'layer', digest: LAYER, size: 80 * MIB });
    news();
    vi.advanceTimersByTime(29_999);
    expect(news()).toBe('');
    renderer.event({ kind: 'blob-bytes', digest: LAYER, count: 30 * MIB });
    renderer.event({ kind: 'blob-sent', digest: LAYER, count: 15 * MIB });
    vi.advanceTimersByTime(1);
    expect(news()).toBe('Copied 0 of 2 blobs, 30.0MiB of 90.0MiB, 512.0 KiB/s, 1m0s left\n');
    // The speed is that of the last 30 seconds, the estimate that of the whole.
    vi.advanceTimersByTime(30_000);
    expect(news()).toBe('Copied 0 of 2 blobs, 30.0MiB of 90.0MiB, 0.0 b/s, 2m0s left\n');
    const stored = { digest: STORED, size: 40 * MIB, how: 'uploaded' } as const;
    renderer.event({ kind: 'blob-done', digest: LAYER, stored });
    news();
    vi.advanceTimersByTime(30_000);
    expect(news()).toBe('');
    renderer.event({ kind: 'blob-start', role: 'config', digest: CONFIG, size: 10 * MIB });
    news();
    vi.advanceTimersByTime(30_000);
    expect(news()).toBe('Copied 1 of 2 blobs, 80.0MiB of 90.0MiB, 0.0 b/s, 15s left\n');
    renderer.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('makes no estimate before anything is done', () => {
    const renderer = open();
    renderer.event({ kind: 'blob-total', count: 1, size: MIB });
    renderer.event({ kind: 'blob-start', role: 'layer', digest: LAYER, size: MIB });
    news();
    vi.advanceTimersByTime(30_000);
    expect(news()).toBe('Copied 0 of 1 blobs, 0.0b of 1.0MiB, 0.0 b/s\n');
    renderer.close();
  });
});
