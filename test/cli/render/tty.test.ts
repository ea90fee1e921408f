import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createTtyRenderer } from '../../../src/cli/render/tty.ts';
import { logFilter } from '../../../src/cli/render/wording.ts';
import { digestHex } from '../../../src/image/digest.ts';
import { CONFIG, EVERY_EVENT, LAYER, STORED } from './events.ts';
import { createScreen } from './screen.ts';

const MIB = 1024 * 1024;
const layer = digestHex(LAYER).slice(0, 12);
const config = digestHex(CONFIG).slice(0, 10);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('createTtyRenderer', () => {
  test('leaves a line for each step and each blob', () => {
    const screen = createScreen(120);
    const renderer = createTtyRenderer(screen.stream, logFilter('warning'));
    for (const event of EVERY_EVENT) renderer.event(event);
    renderer.close();
    expect(screen.lines()).toEqual([
      'Getting image list signatures',
      'Copying 2 images generated from 3 images in list',
      `Copying image ${CONFIG} (1/2)`,
      'Getting image source signatures',
      String.raw`WARN[0000] a "warning"\x1b[2J\nof two lines`,
      String.raw`WARN[0000] Failed, retrying in 1s ... (1/3). Error: connection reset\r`,
      `Copying blob ${digestHex(STORED).slice(0, 12)} skipped: already exists`,
      `Copying config ${config} done`,
      `Copying blob ${digestHex(STORED).slice(0, 12)} skipped: already exists`,
      'Writing manifest to image destination',
      'Writing manifest list to image destination',
      'Creating signature: Signing image using simple signing',
      'Creating signature 2: Signing image using a sigstore signature',
      'Skipping: image already present at destination',
      '',
    ]);
  });

  test('draws a bar for each blob in flight below what is done', () => {
    const screen = createScreen(120);
    const renderer = createTtyRenderer(screen.stream, logFilter('warning'));
    renderer.event({ kind: 'blob-start', role: 'layer', digest: LAYER, size: 4 * MIB });
    renderer.event({ kind: 'blob-start', role: 'config', digest: CONFIG, size: 900 });
    vi.advanceTimersByTime(1900);
    renderer.event({ kind: 'blob-bytes', digest: LAYER, count: 3 * MIB });
    renderer.event({ kind: 'blob-bytes', digest: LAYER, count: -1 * MIB });
    renderer.event({ kind: 'blob-sent', digest: LAYER, count: MIB });
    vi.advanceTimersByTime(100);
    const bar = `Copying blob ${layer} [==================>-------------------] 2.0MiB / 4.0MiB | 512.0 KiB/s`;
    expect(screen.lines()).toEqual([
      bar,
      `Copying config ${config} [--------------------------------------] 0.0b / 900.0b | 0.0 b/s`,
    ]);
    renderer.event({
      kind: 'blob-done',
      digest: CONFIG,
      stored: { digest: CONFIG, size: 900, how: 'mounted' },
    });
    renderer.event({ kind: 'warning', message: 'slow' });
    expect(screen.lines()).toEqual([
      `Copying config ${config} skipped: already exists`,
      'WARN[0002] slow',
      bar,
    ]);
    renderer.close();
    expect(screen.lines()).toEqual([
      `Copying config ${config} skipped: already exists`,
      'WARN[0002] slow',
      '',
    ]);
  });

  test('draws at most ten times a second, whatever happens to the bytes', () => {
    const screen = createScreen(120);
    const renderer = createTtyRenderer(screen.stream, logFilter('warning'));
    renderer.event({ kind: 'blob-start', role: 'layer', digest: LAYER, size: MIB });
    const before = screen.written().length;
    for (let count = 0; count < 1000; count += 1) {
      renderer.event({ kind: 'blob-bytes', digest: LAYER, count: 1024 });
      vi.advanceTimersByTime(1);
    }
    renderer.close();
    expect(screen.written().slice(before).split('Copying blob')).toHaveLength(1 + 10);
  });

  test('keeps to the width of the terminal', () => {
    const screen = createScreen(40);
    const renderer = createTtyRenderer(screen.stream, logFilter('warning'));
    renderer.event({ kind: 'blob-start', role: 'layer', digest: LAYER, size: MIB });
    expect(screen.lines()).toEqual([`Copying blob ${layer} [-----------`]);
    renderer.close();
  });

  test('takes down lines that a narrower terminal has wrapped', () => {
    const screen = createScreen(100);
    const renderer = createTtyRenderer(screen.stream, logFilter('warning'));
    renderer.event({ kind: 'blob-start', role: 'layer', digest: LAYER, size: MIB });
    const [drawn = ''] = screen.lines();
    screen.stream.columns = 40;
    const before = screen.written().length;
    screen.stream.emit('resize');
    expect(drawn.length).toBeGreaterThan(80);
    expect(screen.written().slice(before)).toContain('\u001B[2A\u001B[J');
    renderer.close();
    screen.stream.emit('resize');
    expect(screen.written().endsWith('\u001B[?25h')).toBe(true);
  });

  test('hides the cursor only while bars are drawn', () => {
    const screen = createScreen(80);
    const renderer = createTtyRenderer(screen.stream, logFilter('warning'));
    renderer.event({ kind: 'blob-start', role: 'layer', digest: LAYER, size: MIB });
    expect(screen.written().lastIndexOf('\u001B[?25l')).toBeGreaterThan(-1);
    renderer.close();
    expect(screen.written().endsWith('\u001B[?25h')).toBe(true);
  });
});
