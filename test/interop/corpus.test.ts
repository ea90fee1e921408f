/** Of every kind of image and list, in every format and compression, ours makes what skopeo makes. */
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseDigest } from '../../src/image/digest.ts';
import { startDockerRegistry } from '../support/docker-registry.ts';
import { requirePeers } from '../support/peers.ts';
import { foreignLayer, MADE_BY_PEERS, makeCorpus, wordOf, type CorpusEntry } from './corpus.ts';
import { MADE_BY_HAND } from './made-by-hand.ts';
import { DECISIONS, type Decision } from './decisions.ts';
import type { ManifestPortrait, Portrait } from './portrait.ts';
import { makeStorageHome } from './storage-home.ts';
import {
  goOurs,
  goTheirs,
  nameOf,
  pushByCommand,
  REFUSED_SOMEHOW,
  waysOf,
  type Journey,
  type Outcome,
  type Outcomes,
  type Surroundings,
} from './ways.ts';

const hasPeers = requirePeers('buildah', 'docker-registry', 'oras', 'podman', 'skopeo', 'umoci');
const isRoot = process.getuid?.() === 0;

const MANUAL = join(import.meta.dirname, '..', '..', 'man', 'ocipush-differences.7');

/** One of each format, to see that the command does what the engine does. */
const BY_COMMAND = ['buildah-docker.dir', 'podman-list'];

describe.runIf(hasPeers && isRoot)('skopeo makes the same of', () => {
  let around: Surroundings;
  let corpus: ReadonlyMap<string, CorpusEntry>;
  const decided = new Set<Decision>();

  beforeAll(async () => {
    const home = await makeStorageHome('overlay', 'root');
    const registry = await startDockerRegistry();
    const server = createServer((request, response) => {
      const digest = parseDigest(request.url?.slice(1) ?? '');
      void foreignLayer(home, digest).then((bytes) => response.end(bytes));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    around = { home, registry };
    corpus = await makeCorpus(home, (digest) => `http://127.0.0.1:${port}/${digest}`);
    // What skopeo remembers of one copy must not come into another: so it cannot.
    const cache = join(home.path, 'state', 'cache');
    await rm(cache, { recursive: true });
    await writeFile(cache, '');
    return async () => {
      server.close();
      await registry[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    };
  });

  function journey(entry: string, who: string): Journey {
    const name = `${wordOf(entry)}-${who}`;
    return { entry: corpus.get(entry) as CorpusEntry, name, ways: waysOf(entry) };
  }

  /** Skopeo's, but for what is decided otherwise. */
  function expected(entry: string, theirs: Outcomes): Outcomes {
    const outcomes = waysOf(entry).map((way): [string, Outcome] => {
      const name = nameOf(way);
      let outcome = theirs.get(name) as Outcome;
      for (const decision of DECISIONS) {
        const instead = decision.instead(outcome, way, entry, theirs);
        if (instead === undefined || isEqual(instead, outcome)) continue;
        decided.add(decision);
        outcome = instead;
      }
      return [name, outcome];
    });
    return new Map(outcomes);
  }

  test.concurrent.each([...MADE_BY_PEERS, ...Object.keys(MADE_BY_HAND)])('%s', async (entry) => {
    const theirs = await goTheirs(around, journey(entry, 'theirs'));
    const ours = await goOurs(around, journey(entry, 'ours'));
    expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(expected(entry, theirs)));
  });

  test.concurrent.each(BY_COMMAND)('%s, by the command', async (entry) => {
    const ways = waysOf(entry).filter(({ to }) => to === 'dir');
    const ours = await goOurs(around, { ...journey(entry, 'engine'), ways });
    const push = pushByCommand(around);
    const commands = await goOurs(around, { ...journey(entry, 'command'), ways }, push);
    const plainly = [...ours].map(([name, outcome]) => [
      name,
      'refused' in outcome ? { refused: REFUSED_SOMEHOW } : outcome,
    ]);
    expect(Object.fromEntries(commands)).toEqual(Object.fromEntries(plainly));
  });

  test.each(['v2s2', 'v2s1'] as const)(
    '%s, but not in a layout, where it writes it',
    async (format) => {
      const ways = [{ to: 'oci', format, compression: undefined }] as const;
      const theirs = await goTheirs(around, { ...journey('buildah-oci', format), ways });
      const [outcome] = theirs.values();
      expect(outcome).toMatchObject({ entry: { mediaType: expect.stringContaining('docker') } });
      const ours = await goOurs(around, { ...journey('buildah-oci', `our-${format}`), ways });
      expect([...ours.values()]).toEqual([{ refused: 'UNSUPPORTED' }]);
    },
  );

  test.concurrent('a list in a list, which it does not copy', async () => {
    const theirs = await goTheirs(around, journey('inner', 'theirs'));
    const ours = await goOurs(around, journey('outer', 'ours'));
    for (const way of waysOf('outer')) {
      const [outer, inner] = [ours, theirs].map((each) => each.get(nameOf(way)));
      const nested = outer && 'manifest' in outer ? instanceOf(outer, 1) : outer;
      expect([way, nested]).toEqual([way, inner && 'manifest' in inner ? inner.manifest : inner]);
    }
  });

  test.concurrent('two tables of contents of a layer, which it refuses', async () => {
    const theirs = await goTheirs(around, journey('two tables of contents', 'theirs'));
    expect(new Set([...theirs.values()].map((each) => 'refused' in each && each.refused))).toEqual(
      new Set(['UNSUPPORTED']),
    );
    const ours = await goOurs(around, journey('two tables of contents', 'ours'));
    for (const plain of ['dir:', 'docker:']) {
      expect(ours.get(plain)).toMatchObject({ manifest: { isSource: true } });
    }
  });

  test('what is decided otherwise is for a reason', () => {
    expect(DECISIONS.filter((decision) => !decided.has(decision))).toEqual([]);
  });
});

function isEqual(left: Outcome, right: Outcome): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

function instanceOf({ manifest }: Portrait, index: number): ManifestPortrait | undefined {
  return 'instances' in manifest ? manifest.instances[index] : undefined;
}

test.each(DECISIONS)('the manual says that $manual', async ({ manual }) => {
  const text = await readFile(MANUAL, 'utf8');
  const plain = text.replaceAll(/\\f[BIR]/g, '').replaceAll('\\-', '-');
  expect(plain.replaceAll(/\s+/g, ' ')).toContain(manual);
});
