/** Flags about who alone can read the layers. */
import type { Command } from 'commander';
import { OcipushError } from '../../errors.ts';
import type { EncryptionWish } from '../../push/options.ts';
import { parseRecipient } from '../../transforms/encrypt/recipient.ts';
import { addListFlag } from '../flags.ts';
import { parseDecimal } from '../go-values.ts';
import type { ImageFlags } from './image.ts';

/** The flags as typed. */
export interface EncryptionFlags {
  readonly encryptionKey: readonly string[];
  readonly encryptLayer: readonly number[];
}

export function addEncryptionFlags(command: Command): void {
  addListFlag(
    command,
    '--encryption-key <protocol:key>',
    'Encrypt layers for who has the private key to this one; may be repeated',
    (text) => [text],
  );
  addListFlag(
    command,
    '--encrypt-layer <index>',
    'Encrypt only this layer, from 0 at the base or from -1 at the top; may be repeated',
    (text) => text.split(',').map(parseDecimal),
  );
}

/** @throws OcipushError USAGE, in podman's words where it has any */
export function parseEncryptionOptions({
  encryptionKey,
  encryptLayer,
  expectDigest,
}: EncryptionFlags & Pick<ImageFlags, 'expectDigest'>): EncryptionWish | undefined {
  if (encryptionKey.length > 0) {
    if (expectDigest === undefined) {
      return { recipients: encryptionKey.map(parseRecipient), layers: encryptLayer };
    }
    throw new OcipushError('USAGE', '--expect-digest may not be used with --encryption-key', {
      origin: 'usage',
      hint: 'what is encrypted has another digest after every push',
    });
  }
  if (encryptLayer.length === 0) return undefined;
  throw new OcipushError('USAGE', '--encrypt-layer can only be used with --encryption-key', {
    origin: 'usage',
    hint: 'say who is to be able to read the layer: --encryption-key jwe:public.pem',
  });
}
