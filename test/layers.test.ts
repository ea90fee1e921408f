/** Holds the import rules of the house: a folder imports only what stands below it. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

/** From the top of the house to its ground; `.` is what stands in src itself. */
const LAYERS = [
  'cli',
  'push',
  'transports',
  'signing',
  'transforms',
  'registry',
  'config',
  'image',
  'io',
] as const;

/** Modules of src itself: the library's face sees everything below the command, errors see nothing. */
const FACE = 'index.ts';
const GROUND = 'errors.ts';

const ROOT = join(import.meta.dirname, '..', 'src');
const IMPORT = /(?:from|import\()\s*'(\.{1,2}\/[^']+)'/g;

const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter(
  (path) => path.endsWith('.ts') && !path.endsWith('.d.ts'),
);

const arrows = files.flatMap((file) => {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(IMPORT)].map(([, target = '']) => ({
    from: file,
    to: relative(ROOT, join(ROOT, dirname(file), target)),
  }));
});

function height(file: string): number {
  if (file === FACE) return 0.5;
  if (file === GROUND) return LAYERS.length;
  return (LAYERS as readonly string[]).indexOf(file.split('/')[0] ?? '');
}

describe('the import rules', () => {
  test('cover every file', () => {
    expect(files.filter((file) => height(file) < 0)).toEqual([]);
    expect(arrows.length).toBeGreaterThan(files.length);
  });

  test('let a folder import only what stands below it, or its own', () => {
    const rising = arrows.filter(
      ({ from, to }) =>
        height(to) < height(from) || (height(to) === height(from) && topOf(from) !== topOf(to)),
    );
    expect(rising).toEqual([]);
  });

  test('let only main set the exit code or leave the process', () => {
    const leaving = files.filter((file) =>
      /process\.exit\b|process\.exitCode/.test(readFileSync(join(ROOT, file), 'utf8')),
    );
    expect(leaving).toEqual(['cli/main.ts']);
  });
});

function topOf(file: string): string {
  return file.split('/')[0] ?? '';
}
