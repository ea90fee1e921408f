/** Puts results into a table: every figure of ours stands beside the peer's of the same run. */
import type { Result } from './race.ts';

export const TABLE_HEAD = [
  '| scenario | beside | speed | range | seconds | CPU seconds | sent | peak RSS |',
  '|---|---|---|---|---|---|---|---|',
] as const;

/** A row for each peer; `speed` is its time by ours: above 1 we are faster. */
export function tableRows(
  scenario: string,
  [ours, ...peers]: readonly Result[],
): readonly string[] {
  if (ours === undefined) return [];
  return peers.map((peer) => {
    const speed = median(secondsOf(peer)) / median(secondsOf(ours));
    const rounds = peer.runs.map(
      ({ seconds }, round) => seconds / (ours.runs[round]?.seconds ?? 0),
    );
    return row([
      scenario,
      `${peer.contestant.name} ${peer.contestant.version}`,
      `**${speed.toFixed(2)}**`,
      `${Math.min(...rounds).toFixed(2)}–${Math.max(...rounds).toFixed(2)}`,
      beside(ours, peer, (result) => median(secondsOf(result)).toFixed(2)),
      beside(ours, peer, ({ runs }) => median(runs.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2)),
      beside(ours, peer, ({ sent }) => byteCount(sent)),
      beside(ours, peer, ({ runs }) => byteCount(median(runs.map(({ peak }) => peak)))),
    ]);
  });
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** Ours, then theirs. */
function beside(ours: Result, peer: Result, show: (result: Result) => string): string {
  return `${show(ours)} : ${show(peer)}`;
}

function secondsOf({ runs }: Result): readonly number[] {
  return runs.map(({ seconds }) => seconds);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
}

function byteCount(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
