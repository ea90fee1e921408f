/** Names the ways in which blobs are produced: the same name of the same blob means the same bytes. */
import { CODECS } from '../transforms/codecs.ts';
import type { LayerPlan } from './layers.ts';

/** Names what decides the bytes that come of a layer, apart from those of the layer itself. */
export function codecOf({ action, level }: LayerPlan): string {
  const isKept = action === 'copy' || action === 'refer' || action === 'decompress';
  return isKept ? action : CODECS[action].name(level);
}

/** Names what a push produces of a blob. */
export function productionKey(layer: LayerPlan): string {
  const name = `${layer.descriptor.digest} ${codecOf(layer)}`;
  return layer.isEncrypted ? `${name} encrypted` : name;
}
