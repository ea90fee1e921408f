import { describe, expect, test } from 'vitest';
import { formatPem, parsePem } from '../../../src/signing/sigstore/pem.ts';
import { PUBLIC_KEY, SEALED_KEY } from './vectors.ts';

describe('PEM', () => {
  test.each([[PUBLIC_KEY], [SEALED_KEY]])('is written as OpenSSL and Go write it', (text) => {
    expect(parsePem(text).map(formatPem)).toEqual([text]);
  });

  test.each<readonly [text: string, labels: readonly string[]]>([
    [`# words\n${PUBLIC_KEY}more ${SEALED_KEY}`, ['PUBLIC KEY', 'ENCRYPTED SIGSTORE PRIVATE KEY']],
    [PUBLIC_KEY.replaceAll('\n', '\r\n'), ['PUBLIC KEY']],
    [PUBLIC_KEY.replace('END PUBLIC', 'END PRIVATE'), []],
    [PUBLIC_KEY.replace('MFkw', 'Proc-Type: 4,ENCRYPTED\n\nMFkw'), []], // a header
    [PUBLIC_KEY.replace('MFkw', '!'), []],
    ['-----BEGIN A-----\n-----END A-----', ['A']],
    ['-----BEGIN A----------END A-----', []],
    ['', []],
  ])('has the blocks of %j', (text, labels) => {
    expect(parsePem(text).map(({ label }) => label)).toEqual(labels);
  });
});
