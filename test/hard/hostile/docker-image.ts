/** The archive of docker save that the cases spoil. */
import { writeFile } from 'node:fs/promises';
import { essenceOf } from '../../support/image-essence.ts';
import { makeImage, makeLayer } from '../../support/make-image.ts';
import { tarOf, type TarEntry } from '../../support/tar.ts';
import type { HostileCase } from './cases.ts';

export const LAYERS = [await makeLayer({ a: '1' }), await makeLayer({ b: '2'.repeat(1000) })];
export const IMAGE = makeImage({ layers: LAYERS, format: 'docker' });

/** A member without its name. */
export type Contents = Omit<TarEntry, 'name'>;

export interface Changes {
  readonly first?: readonly TarEntry[];
  readonly last?: readonly TarEntry[];
  /** In the place of the member of that name. */
  readonly instead?: Readonly<Record<string, Contents>>;
  /** What manifest.json says. */
  readonly items?: unknown;
}

export const ITEM = { Config: 'config.json', RepoTags: null, Layers: ['0.tar', '1.tar'] };

/** The members of a whole archive but for some changes. */
export function membersWith(changes: Changes = {}): readonly TarEntry[] {
  const { first = [], last = [], instead = {}, items = [ITEM] } = changes;
  const members: TarEntry[] = [
    { name: 'manifest.json', content: JSON.stringify(items) },
    { name: 'config.json', content: IMAGE.config.bytes },
    { name: '0.tar', content: LAYERS[0] ?? '' },
    { name: '1.tar', content: LAYERS[1] ?? '' },
  ];
  const changed = members.map((member) =>
    member.name in instead ? { name: member.name, ...instead[member.name] } : member,
  );
  return [...first, ...changed, ...last];
}

export function archiveWith(changes: Changes = {}): Promise<Buffer> {
  return tarOf(membersWith(changes));
}

export type ArchiveRow = readonly [
  name: string,
  expects: HostileCase['expects'],
  archive: () => Buffer | Promise<Buffer>,
];

/** The case of an archive that stands at `~/image`. */
export function archiveCase([name, expects, archive]: ArchiveRow): HostileCase {
  return {
    name,
    expects,
    prepare: async (path) => {
      await writeFile(path('image'), await archive());
      return { image: essenceOf(IMAGE) };
    },
  };
}
