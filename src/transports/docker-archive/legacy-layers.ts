/** What an archive says of its layers for Docker before 1.10, which knew an image for each layer. */
import { digestHex, digestOf, type Digest } from '../../image/digest.ts';
import { rawMembers } from './raw-members.ts';

/** The image of one layer: a directory of the archive. */
export interface LegacyLayer {
  /** The name of the directory. */
  readonly id: string;
  readonly layer: Digest;
  /** What stands in its file `json`. */
  readonly json: Uint8Array;
}

/** What the image of the top layer takes from the config (reference: writeLegacyMetadataLocked). */
const TAKEN = [
  'architecture',
  'config',
  'container',
  'container_config',
  'created',
  'docker_version',
  'os',
];

/** The images that lead from the base to the top. @param config of the image, valid JSON in UTF-8 */
export function legacyLayers(
  layers: readonly Digest[],
  config: Uint8Array,
): readonly LegacyLayer[] {
  const found: LegacyLayer[] = [];
  let chainID: Digest | undefined;
  for (const [index, layer] of layers.entries()) {
    chainID = chainID === undefined ? layer : digestOf(Buffer.from(`${chainID} ${layer}`));
    const members = new Map(index === layers.length - 1 ? takenFrom(config) : []);
    const parent = found.at(-1);
    if (parent !== undefined) members.set('parent', quoted(parent.id));
    const id = digestHex(digestOf(encode(new Map(members).set('layer_id', quoted(chainID)))));
    found.push({ id, layer, json: encode(members.set('id', quoted(id))) });
  }
  return found;
}

function takenFrom(config: Uint8Array): readonly (readonly [string, string])[] {
  const members = rawMembers(Buffer.from(config).toString('utf8'));
  return TAKEN.map((name) => [name, members.get(name) ?? 'null']);
}

/** For digests and identifiers, which hold nothing to be escaped. */
function quoted(text: string): string {
  return `"${text}"`;
}

/** A map as Go writes it, of names and of values that are JSON already. */
function encode(members: ReadonlyMap<string, string>): Uint8Array {
  const sorted = [...members].toSorted(([left], [right]) => (left < right ? -1 : 1));
  return Buffer.from(`{${sorted.map(([name, json]) => `${quoted(name)}:${json}`).join(',')}}`);
}
