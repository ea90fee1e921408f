/** Events of a push, for the renderers to show. */
import { digestOf } from '../../../src/image/digest.ts';
import type { RenderedEvent } from '../../../src/cli/render/renderer.ts';

export const LAYER = digestOf(Buffer.from('layer'));
export const CONFIG = digestOf(Buffer.from('config'));
export const STORED = digestOf(Buffer.from('stored'));

const MOUNTED = {
  digest: STORED,
  size: 900,
  how: 'mounted',
  mountedFrom: { registry: 'r.test', path: 'team/base' },
} as const;

/** One event of each kind, in an order in which they may come. */
export const EVERY_EVENT: readonly RenderedEvent[] = [
  { kind: 'reading-signatures', of: 'list' },
  { kind: 'list', copies: 2, total: 3 },
  { kind: 'instance', isAdded: false, digest: CONFIG, index: 0, of: 2 },
  { kind: 'reading-signatures', of: 'image' },
  { kind: 'warning', message: 'a "warning"\u001B[2J\nof two lines' },
  { kind: 'blob-total', count: 3, size: 4 * 1024 * 1024 + 1800 },
  { kind: 'blob-start', role: 'layer', digest: LAYER, size: 4 * 1024 * 1024 },
  { kind: 'blob-bytes', digest: LAYER, count: 1024 * 1024 },
  { kind: 'blob-sent', digest: LAYER, count: 512 * 1024 },
  {
    kind: 'retry',
    what: 'push',
    attempt: 1,
    of: 3,
    delayMilliseconds: 1000,
    error: new Error('connection reset\r'),
  },
  { kind: 'blob-start', role: 'layer', digest: LAYER, size: 4 * 1024 * 1024 },
  { kind: 'blob-done', digest: LAYER, stored: { digest: STORED, size: 9, how: 'exists' } },
  { kind: 'blob-start', role: 'config', digest: CONFIG, size: 900 },
  { kind: 'blob-sent', digest: CONFIG, count: 900 },
  { kind: 'log', level: 'debug', message: 'GET https://r.test/' },
  { kind: 'blob-done', digest: CONFIG, stored: { digest: CONFIG, size: 900, how: 'uploaded' } },
  { kind: 'blob-start', role: 'layer', digest: STORED, size: 900 },
  { kind: 'blob-done', digest: STORED, stored: MOUNTED },
  { kind: 'writing-manifest', of: 'image' },
  { kind: 'writing-manifest', of: 'list' },
  { kind: 'creating-signature', format: 'simple-signing', number: undefined },
  { kind: 'creating-signature', format: 'sigstore', number: 2 },
  { kind: 'unchanged', digest: STORED },
];
