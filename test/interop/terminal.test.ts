/** What a person sees of a push: the screens of a real terminal, while it runs and when it has ended. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestHex } from '../../src/image/digest.ts';
import { makeLayer, writeOciLayout, type MadeImage } from '../support/make-image.ts';
import { requirePeers } from '../support/peers.ts';
import { openScene, type Scene } from '../support/scene.ts';
import { openTerminal, type Terminal } from '../support/tmux.ts';

const COMMAND = join(import.meta.dirname, '..', '..', 'bin', 'ocipush.js');

/** A push whose blobs have been sent, and which waits for the registry to say that they arrived. */
interface HeldPush extends AsyncDisposable {
  readonly scene: Scene;
  readonly image: MadeImage;
  readonly terminal: Terminal;
  release(): void;
}

interface Settings {
  readonly columns: number;
  readonly env?: Readonly<Record<string, string>>;
  /** What the registry says to the second blob, instead of nothing for now. */
  readonly refusal?: { readonly status: number };
}

async function startPush({ columns, env = {}, refusal }: Settings): Promise<HeldPush> {
  let release = (): void => {};
  const holdAnswer = new Promise<void>((resolve) => {
    release = resolve;
  });
  const on = { method: 'PUT', path: /\/blobs\// };
  const scene = await openScene({
    faults: [
      { on, do: { holdAnswer } },
      { on, do: refusal ?? { holdAnswer } },
    ],
  });
  const layers = [await makeLayer({ a: '1' })];
  const image = await writeOciLayout(scene.path('image'), { layers, compression: 'gzip' });
  const flags = ['--tls-verify=false', '--retry=0'];
  const terminal = await openTerminal(
    [process.execPath, COMMAND, 'push', ...flags, 'oci:image', scene.destination],
    { columns, cwd: scene.home.path, env: { HOME: scene.home.path, ...env } },
  );
  return {
    scene,
    image,
    terminal,
    release,
    async [Symbol.asyncDispose]() {
      release();
      await terminal[Symbol.asyncDispose]();
      await scene[Symbol.asyncDispose]();
    },
  };
}

/** Names of the blobs as a terminal shows them. */
function labels({ layers, config }: MadeImage): {
  readonly layer: string;
  readonly config: string;
} {
  const [layer] = layers;
  if (layer === undefined) throw new Error('an image without layers');
  return {
    layer: `Copying blob ${digestHex(layer.descriptor.digest).slice(0, 12)}`,
    config: `Copying config ${digestHex(config.descriptor.digest).slice(0, 10)}`,
  };
}

/** Lines without how fast it went. */
function unmeasured(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.replace(/ \| \d.*$/, ' | SPEED'));
}

function bar(label: string, size: number): string {
  return `${label} [${'='.repeat(38)}] ${size}.0b / ${size}.0b | SPEED`;
}

function isEnded(lines: readonly string[]): boolean {
  return lines.some((line) => line.startsWith('ended with'));
}

describe.runIf(requirePeers('tmux'))('a push on a terminal', () => {
  test('draws a bar for each blob, at most as wide as the terminal, and takes them down', async () => {
    await using push = await startPush({ columns: 100 });
    const { terminal, image } = push;
    const { layer, config } = labels(image);
    const [size = 0] = image.layers.map(({ descriptor }) => descriptor.size);
    const wide = [
      'Getting image source signatures',
      bar(layer, size),
      bar(config, image.config.descriptor.size),
    ];
    const isFull = (lines: readonly string[]): boolean =>
      unmeasured(lines).join('\n') === wide.join('\n');
    expect(unmeasured(await terminal.shows(isFull))).toEqual(wide);
    expect(await terminal.isCursorVisible()).toBe(false);

    await terminal.resize(40);
    const narrow = [layer, config].map((label) => `${label} [${'='.repeat(38)}`.slice(0, 38));
    const isNarrow = (lines: readonly string[]): boolean =>
      lines.slice(-2).join('\n') === narrow.join('\n');
    // What was drawn between the change and its notice may have been wrapped, and stays above.
    const screen = await terminal.shows(isNarrow);
    expect(screen.at(0)).toBe('Getting image source signatures');

    push.release();
    const last = await terminal.shows(isEnded);
    const words = last.filter((line) => line !== '');
    expect(words.slice(-4, -2).toSorted()).toEqual([`${layer} done`, `${config} done`]);
    expect(words.slice(-2)).toEqual(['Writing manifest to image destination', 'ended with 0']);
    expect(await terminal.isCursorVisible()).toBe(true);
  });

  test('that fails ends with the error, below no bar, and a visible cursor', async () => {
    await using push = await startPush({ columns: 160, refusal: { status: 403 } });
    const { terminal } = push;
    const last = await terminal.shows(isEnded);
    const [first, error, ...others] = last;
    expect(first).toBe('Getting image source signatures');
    expect(error).toMatch(/^Error: writing (?:blob|config): /);
    expect(others.join(' ')).not.toContain('[=');
    expect(last.at(-1)).toBe('ended with 125');
    expect(await terminal.isCursorVisible()).toBe(true);
  });

  test.each([{ NO_COLOR: '1' }, { CI: 'true' }, { TERM: 'dumb' }])(
    'is lines with %j',
    async (env) => {
      await using push = await startPush({ columns: 120, env });
      const { terminal, image } = push;
      const begun = [
        'Getting image source signatures',
        ...image.layers.map(({ descriptor }) => `Copying blob ${descriptor.digest}`),
        `Copying config ${image.config.descriptor.digest}`,
      ];
      const isBegun = (lines: readonly string[]): boolean => lines.length === begun.length;
      expect((await terminal.shows(isBegun)).toSorted()).toEqual(begun.toSorted());
      expect(await terminal.isCursorVisible()).toBe(true);
      push.release();
      const last = await terminal.shows(isEnded);
      expect(last.filter((line) => line.startsWith('Copied '))).toHaveLength(2);
    },
  );
});
