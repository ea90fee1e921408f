/** The keys of the layers that a push encrypts: one for each, the same until the push has ended. */
import type { ProducedBlob } from '../image/blob.ts';
import { createLayerKey, privateOptions, type LayerKey } from '../transforms/encrypt/layer-key.ts';
import type { KeyContext, KeyWrapper } from '../transforms/encrypt/key-wrapper.ts';
import { openKeyWrappers, wrapAll } from '../transforms/encrypt/key-wrappers.ts';
import { INVALID_KEYS } from '../transforms/encrypt/recipient.ts';
import { wrapError } from '../errors.ts';
import { productionKey } from './codec.ts';
import type { LayerPlan } from './layers.ts';
import type { EncryptionWish } from './options.ts';

/** Of one layer in one form; what is sent again, or elsewhere, is encrypted to the same bytes. */
export interface LayerSeal {
  readonly key: LayerKey;
  /** The key as the recipients get it: annotations of the layer. */
  readonly wrapped: Readonly<Record<string, string>>;
  /** What the layer has become in this push. */
  made?: ProducedBlob;
}

/** The destinations of a push and its repetitions share them; no two pushes do. */
export class LayerSeals {
  readonly #wrappers: readonly KeyWrapper[];
  /** By what decides the bytes that are encrypted: two contents never share a key. */
  readonly #sealing = new Map<string, Promise<LayerSeal>>();
  readonly #seals = new Map<string, LayerSeal>();

  constructor(wrappers: readonly KeyWrapper[]) {
    this.#wrappers = wrappers;
  }

  /**
   * Makes the key of a layer, unless there is one.
   * @throws OcipushError KEY_INVALID when it cannot be wrapped for a recipient
   */
  async seal(layer: LayerPlan): Promise<void> {
    const name = productionKey(layer);
    const sealing = this.#sealing.get(name) ?? this.#create(layer);
    this.#sealing.set(name, sealing);
    this.#seals.set(name, await sealing);
  }

  /** @throws TypeError for a layer that was not sealed */
  of(layer: LayerPlan): LayerSeal {
    const seal = this.#seals.get(productionKey(layer));
    if (seal === undefined) throw new TypeError('a layer without a key');
    return seal;
  }

  async #create({ descriptor }: LayerPlan): Promise<LayerSeal> {
    const key = createLayerKey();
    const wrapped = await wrapAll(this.#wrappers, privateOptions(key, descriptor.digest));
    return { key, wrapped };
  }
}

/**
 * Tries every recipient.
 * @throws OcipushError KEY_INVALID, FILE_NOT_FOUND, FILE_UNREADABLE, CONFIG_INVALID, in podman's words
 */
export async function openLayerSeals(
  { recipients }: EncryptionWish,
  context: KeyContext,
): Promise<LayerSeals> {
  try {
    return new LayerSeals(await openKeyWrappers(recipients, context));
  } catch (error) {
    context.signal.throwIfAborted();
    throw wrapError(error, INVALID_KEYS, {
      code: 'KEY_INVALID',
      origin: 'usage',
    });
  }
}
