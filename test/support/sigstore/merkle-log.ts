/** The part of a log that proves what is in it: a Merkle tree (RFC 6962, 2.1), and its signed size. */
import { createHash, sign, type KeyObject } from 'node:crypto';
import type { InclusionProof } from '../../../src/signing/sigstore/rekor.ts';

const ORIGIN = 'rekor.test - 1';

/** That the last of these entries is in the log of all of them. */
export function proveLast(
  entries: readonly Uint8Array[],
  { key, id }: { readonly key: KeyObject; readonly id: string },
): InclusionProof {
  const leaves = entries.map((entry) => hash(Buffer.of(0), entry));
  const root = rootOf(leaves);
  const text = `${ORIGIN}\n${leaves.length}\n${root.toString('base64')}\n`;
  const hint = Buffer.from(id, 'hex').subarray(0, 4);
  const signature = Buffer.concat([hint, sign('sha256', Buffer.from(text), key)]);
  return {
    logIndex: leaves.length - 1,
    treeSize: leaves.length,
    rootHash: root.toString('hex'),
    hashes: pathOf(leaves.length - 1, leaves).map((each) => each.toString('hex')),
    checkpoint: `${text}\n\u2014 rekor.test ${signature.toString('base64')}\n`,
  };
}

function rootOf(leaves: readonly Buffer[]): Buffer {
  const [only = hash()] = leaves;
  if (leaves.length <= 1) return only;
  const [left, right] = halvesOf(leaves);
  return hash(Buffer.of(1), rootOf(left), rootOf(right));
}

function pathOf(index: number, leaves: readonly Buffer[]): readonly Buffer[] {
  if (leaves.length === 1) return [];
  const [left, right] = halvesOf(leaves);
  return index < left.length
    ? [...pathOf(index, left), rootOf(right)]
    : [...pathOf(index - left.length, right), rootOf(left)];
}

/** The left one is the greatest power of two that is less than all. */
function halvesOf(leaves: readonly Buffer[]): readonly [readonly Buffer[], readonly Buffer[]] {
  const middle = 2 ** Math.ceil(Math.log2(leaves.length) - 1);
  return [leaves.slice(0, middle), leaves.slice(middle)];
}

function hash(...parts: readonly Uint8Array[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest();
}
