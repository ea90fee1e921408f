/** Key pairs of the kinds that layers are encrypted for. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { plantKey } from './secrets.ts';

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export type Curve = 'P-256' | 'P-384' | 'P-521';

export function rsaPair(bits = 2048): KeyPair {
  return planted(generateKeyPairSync('rsa', { modulusLength: bits }));
}

export function curvePair(namedCurve: Curve): KeyPair {
  return planted(generateKeyPairSync('ec', { namedCurve }));
}

function planted(pair: KeyPair): KeyPair {
  plantKey(pair.privateKey);
  return pair;
}
