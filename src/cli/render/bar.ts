/** One blob in flight as a line of text, drawn as podman draws it. */
import { digestHex, type Digest } from '../../image/digest.ts';

/** A blob on its way. */
export interface Bar {
  readonly label: string;
  /** Bytes at the source. */
  readonly size: number;
  /** Bytes worked off so far. */
  readonly done: number;
  /** Bytes that went to the destination. */
  readonly sent: number;
  /** Since the blob began. */
  readonly milliseconds: number;
}

/** Between the brackets. */
const BAR_WIDTH = 38;

/** Room for `Copying blob` and twelve digits; a config shows fewer. */
const LABEL_WIDTH = 25;

const UNITS = ['b', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export function blobLabel(role: 'layer' | 'config', digest: Digest): string {
  const label = `Copying ${role === 'layer' ? 'blob' : 'config'} ${digestHex(digest)}`;
  return label.slice(0, LABEL_WIDTH);
}

/** @param width columns the line may take at most */
export function barLine(bar: Bar, width: number): string {
  const done = Math.min(Math.max(bar.done, 0), bar.size);
  const filled = bar.size === 0 ? 0 : Math.round((done / bar.size) * BAR_WIDTH);
  const tip = filled > 0 && filled < BAR_WIDTH ? '>' : '';
  const drawn = `${'='.repeat(filled - tip.length)}${tip}`.padEnd(BAR_WIDTH, '-');
  const speed = formatSpeed(bar.sent, bar.milliseconds);
  const counters = `${formatSize(done)} / ${formatSize(bar.size)} | ${speed}`;
  return `${bar.label} [${drawn}] ${counters}`.slice(0, Math.max(width, 0));
}

/** Bytes with one decimal: `20.2MiB`. */
export function formatSize(bytes: number, gap = ''): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), UNITS.length - 1);
  return `${(bytes / 1024 ** power).toFixed(1)}${gap}${UNITS[power]}`;
}

/** Bytes a second: `929.0 MiB/s`. */
export function formatSpeed(bytes: number, milliseconds: number): string {
  return `${formatSize(milliseconds > 0 ? (bytes / milliseconds) * 1000 : 0, ' ')}/s`;
}
