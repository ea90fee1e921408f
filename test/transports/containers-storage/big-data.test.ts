import { expect, test } from 'vitest';
import { bigDataFileName } from '../../../src/transports/containers-storage/big-data.ts';

test.each([
  ['manifest', 'manifest'],
  ['a.b.9', 'a.b.9'],
  ['', ''],
  ['manifest-sha256:ab', '=bWFuaWZlc3Qtc2hhMjU2OmFi'],
  ['sha256:ab', '=c2hhMjU2OmFi'],
  ['Manifest', '=TWFuaWZlc3Q='],
  ['a/b', '=YS9i'],
  ['signaturE', 'signaturE'], // the reference stops behind the rune it objects to
  ['é', 'é'],
  ['éa', '=w6lh'],
])('bigDataFileName(%j) is %j', (key, name) => {
  expect(bigDataFileName(key)).toBe(name);
});
