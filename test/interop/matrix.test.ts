/** From everywhere to everywhere: ocipush makes of an image what skopeo makes of it, and the image runs. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createLimiter } from '../../src/io/limiter.ts';
import { requirePeers } from '../support/peers.ts';
import { contentOf } from './content.ts';
import {
  copy,
  PLACES,
  push,
  startMachines,
  storedImage,
  type Machine,
  type Machines,
  type Place,
} from './places.ts';
import type { StorageHome } from './storage-home.ts';

const hasPeers = requirePeers(
  'buildah',
  'docker',
  'docker-registry',
  'dockerd',
  'podman',
  'skopeo',
);
const isRoot = process.getuid?.() === 0;

type Transport = keyof typeof PLACES;

/** Where an image is pushed from, and how it came there from storage. */
interface Source {
  readonly source: Transport | 'containers-storage';
  readonly format: 'oci' | 'docker';
  readonly flags?: readonly string[];
}

/** In storage layers are plain; registries, layouts and their archives have them compressed unless told. */
const IMAGES: readonly Source[] = [
  { source: 'containers-storage', format: 'oci' },
  { source: 'containers-storage', format: 'docker' },
  { source: 'docker', format: 'oci' },
  { source: 'docker', format: 'docker' },
  { source: 'oci', format: 'oci' },
  { source: 'oci', format: 'oci', flags: ['--dest-oci-accept-uncompressed-layers'] },
  { source: 'oci-archive', format: 'oci' },
  { source: 'dir', format: 'oci' },
  { source: 'dir', format: 'docker', flags: ['--dest-compress'] },
  { source: 'docker-archive', format: 'docker' },
  { source: 'docker-daemon', format: 'docker' },
];

const LISTS: readonly Source[] = [
  { source: 'containers-storage', format: 'oci' },
  { source: 'docker', format: 'oci' },
  { source: 'docker', format: 'docker' },
  { source: 'oci', format: 'oci' },
  { source: 'oci-archive', format: 'oci' },
  { source: 'dir', format: 'oci' },
  { source: 'dir', format: 'docker' },
];

const DESTINATIONS = Object.keys(PLACES) as Transport[];

/** Others take the one image of a list that is for this machine. */
const TAKE_LISTS: readonly Transport[] = ['docker', 'oci', 'oci-archive', 'dir'];

/** Where we decided otherwise: what is in an image of skopeo's, and what in ours instead. */
const DECISIONS: readonly (readonly [ways: RegExp, theirs: string, ours: string])[] = [
  // Archives do not say how their layers are compressed: skopeo guesses, and we look.
  [/ from docker-(archive|daemon) to dir$/, '.tar.gzip"', '.tar"'],
  // What Docker alone knows stays with the image.
  [
    /^image docker .* to oci(-archive)?$/,
    inConfig('"StopSignal":"SIGINT"'),
    inConfig(
      '"StopSignal":"SIGINT","Healthcheck":{"Test":["CMD","/bin/ls"],"Interval":30000000000,' +
        '"Timeout":30000000000,"Retries":3},"Shell":["/bin/sh","-ec"]',
    ),
  ],
];

/** What a config has, as it stands in the JSON of a content. */
function inConfig(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

type Way = readonly [name: string, source: Source, destination: Transport];

function waysOf(
  what: 'image' | 'list',
  sources: readonly Source[],
  destinations: readonly Transport[],
): readonly Way[] {
  return sources.flatMap((source) =>
    destinations.map((destination) => [
      `${nameOf(what, source)} to ${destination}`,
      source,
      destination,
    ]),
  );
}

function nameOf(what: 'image' | 'list', { source, format, flags = [] }: Source): string {
  return [what, format, ...flags, 'from', source].join(' ');
}

/** What places can have for a name. */
function wordOf(...names: readonly string[]): string {
  return names.join('-').replaceAll(/[^a-z0-9]+/g, '-');
}

describe.runIf(hasPeers && isRoot)('skopeo makes the same of', () => {
  let machines: Machines;
  let machine: Machine;
  const places = new Map<Source, Place>();
  const alone = createLimiter(1);

  beforeAll(async () => {
    machines = await startMachines();
    ({ machine } = machines);
    await build(machine.home);
    for (const source of IMAGES) places.set(source, await bringImage(source));
    for (const source of LISTS) places.set(source, await bringList(source));
    return () => machines[Symbol.asyncDispose]();
  });

  async function bringImage(image: Source): Promise<Place> {
    const { source, format, flags = [] } = image;
    const stored = storedImage(`localhost/real:${format}`);
    if (source === 'containers-storage') return stored;
    const place = PLACES[source](machine, wordOf(nameOf('image', image)));
    await copy(machine, stored, place, ...flags);
    return place;
  }

  async function bringList(list: Source): Promise<Place> {
    const { source, format } = list;
    if (source === 'containers-storage') return storedImage('localhost/list:1');
    const place = PLACES[source](machine, wordOf(nameOf('list', list)));
    await pushList(machine.home, place, format);
    return place;
  }

  /** What is at the destination after ours has brought an image there, and what is to be by theirs. */
  async function compare(
    [name, { source }, destination]: Way,
    flags: readonly string[],
    { ours, theirs }: Record<'ours' | 'theirs', (to: Place) => Promise<void>>,
  ): Promise<readonly [found: unknown, expected: unknown]> {
    // An engine must not have the layers already, and reads and writes with one address.
    const there = source === 'docker-daemon' ? machine : machines.withOtherEngine;
    const contentAfter = async (
      who: string,
      bring: (to: Place) => Promise<void>,
    ): Promise<unknown> => {
      const place: Place = PLACES[destination](there, wordOf(who, name));
      await bring(place);
      const content = await contentOf(machine, place, ...flags);
      await place.remove?.();
      return content;
    };
    const found = await contentAfter('ours', ours);
    const wanted = DECISIONS.filter(([ways]) => ways.test(name)).reduce(
      (content, [, skopeos, instead]) => content.replaceAll(skopeos, instead),
      JSON.stringify(await contentAfter('theirs', theirs)),
    );
    return [found, JSON.parse(wanted)];
  }

  test.concurrent.each(waysOf('image', IMAGES, DESTINATIONS))('%s', async (...way) => {
    const [, source, destination] = way;
    const from = placeOf(source);
    const compared = () =>
      compare(way, [], {
        ours: (to) => push(machine, from, to),
        theirs: (to) => copy(machine, from, to),
      });
    const [found, expected] = await (destination === 'docker-daemon'
      ? alone(compared)
      : compared());
    expect(found).toEqual(expected);
  });

  test.concurrent.each(waysOf('list', LISTS, TAKE_LISTS))('%s', async (...way) => {
    const from = placeOf(way[1]);
    const [found, expected] = await compare(way, ['--all'], {
      ours: (to) => push(machine, from, to),
      theirs: (to) =>
        isStored(way[1]) ? pushList(machine.home, to, 'oci') : copy(machine, from, to, '--all'),
    });
    expect(found).toEqual(expected);
  });

  test.concurrent.each(waysOf('list', LISTS, ['docker-archive']))('%s', async (...way) => {
    const from = placeOf(way[1]);
    const one = isStored(way[1]) ? storedImage('localhost/real:oci') : from;
    const [found, expected] = await compare(way, [], {
      ours: (to) => push(machine, from, to),
      theirs: (to) => copy(machine, one, to),
    });
    expect(found).toEqual(expected);
  });

  function placeOf(source: Source): Place {
    const place = places.get(source);
    if (place === undefined) throw new Error(`${source.source} is missing`);
    return place;
  }
});

async function build(home: StorageHome): Promise<void> {
  await home.run('sh', join(import.meta.dirname, 'real-system.sh'), 'localhost/real');
  const list = 'localhost/list:1';
  await home.run('podman', 'manifest', 'create', list);
  const add = ['manifest', 'add', '--annotation=org.example=<1>', list];
  await home.run('podman', ...add, 'containers-storage:localhost/real:oci');
  const arm = ['--os=linux', '--arch=arm64', '--variant=v8'];
  await home.run('podman', ...add, ...arm, 'containers-storage:localhost/real:2');
}

function isStored({ source }: Source): boolean {
  return source === 'containers-storage';
}

/** As podman does it, for skopeo does not find the images of a list in storage. */
async function pushList(
  home: StorageHome,
  { reference }: Place,
  format: Source['format'],
): Promise<void> {
  const flags = ['--quiet', '--all', '--tls-verify=false', '--format'];
  const type = format === 'docker' ? 'v2s2' : 'oci';
  await home.run('podman', 'manifest', 'push', ...flags, type, 'localhost/list:1', reference);
}
