import { describe, expect, test } from 'vitest';
import { parseRecipient, type Recipient } from '../../../src/transforms/encrypt/recipient.ts';

describe('parseRecipient', () => {
  test.each<[text: string, recipient: Recipient]>([
    ['jwe:/etc/key.pem', { protocol: 'jwe', file: '/etc/key.pem' }],
    ['jwe:~/key', { protocol: 'jwe', file: '~/key' }], // the shell's business
    ['jwe:a:b', { protocol: 'jwe', file: 'a:b' }],
    ['pkcs7:cert.pem', { protocol: 'pkcs7', file: 'cert.pem' }],
    ['pgp:alice@example.org', { protocol: 'pgp', name: 'alice@example.org' }],
    ['pgp:Alice Example <a@b.c>', { protocol: 'pgp', name: 'Alice Example <a@b.c>' }],
    ['pgp:.alice', { protocol: 'pgp', name: '.alice' }],
    ['pgp:./alice.asc', { protocol: 'pgp', file: './alice.asc' }],
    ['pgp:../alice.asc', { protocol: 'pgp', file: '../alice.asc' }],
    ['pgp:/alice.asc', { protocol: 'pgp', file: '/alice.asc' }],
    ['pkcs11:key.yaml', { protocol: 'pkcs11', file: 'key.yaml' }],
    ['pkcs11:pkcs11:token=a', { protocol: 'pkcs11', uri: 'pkcs11:token=a' }],
    ['provider:vault', { protocol: 'provider', name: 'vault', parameter: 'Enabled' }],
    ['provider:vault:', { protocol: 'provider', name: 'vault', parameter: '' }],
    ['provider:vault:a:b', { protocol: 'provider', name: 'vault', parameter: 'a:b' }],
  ])('%s', (text, recipient) => {
    expect(parseRecipient(text)).toEqual(recipient);
  });

  test.each([
    ['', 'Invalid recipient format'],
    ['key.pem', 'Invalid recipient format'],
    [':key.pem', 'Provided protocol not recognized'],
    ['JWE:key.pem', 'Provided protocol not recognized'],
    ['toString:key.pem', 'Provided protocol not recognized'],
    ['jwe:', 'nothing follows jwe:'],
    ['pgp:', 'nothing follows pgp:'],
    ['provider:', 'nothing follows provider:'],
    ['provider::a', 'a provider without a name'],
  ])('%j is none', (text, reason) => {
    expect(() => parseRecipient(text)).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: `unable to obtain encryption config: invalid encryption keys: ${reason}`,
      }) as Error,
    );
  });
});
