/** Fulcio: gives a certificate to who has an ID token and the key. */
import { createPublicKey, verify } from 'node:crypto';
import type { Authority } from './authority.ts';
import type { Provider } from './provider.ts';
import type { Service } from './services.ts';

interface Wish {
  readonly publicKey: { readonly content: string; readonly algorithm: string };
  readonly signedEmailAddress: string;
}

export function createFulcio(authority: Authority, provider: Provider): Service {
  return async ({ method, path, headers, body }) => {
    if (method !== 'POST' || path !== '/api/v1/signingCert') return { status: 404 };
    if (headers['content-type'] !== 'application/json') return { status: 415 };
    const [, token = ''] = /^Bearer (.+)$/.exec(headers.authorization ?? '') ?? [];
    const email = await provider.emailIn(token);
    if (email === undefined) return { status: 401, body: { code: 16, message: 'bad token' } };
    const { publicKey: wanted, signedEmailAddress } = JSON.parse(body) as Wish;
    const key = createPublicKey({
      key: Buffer.from(wanted.content, 'base64'),
      format: 'der',
      type: 'spki',
    });
    const proof = Buffer.from(signedEmailAddress, 'base64');
    if (wanted.algorithm !== 'ecdsa' || !verify('sha256', Buffer.from(email), key, proof)) {
      return { status: 400, body: { code: 3, message: 'no proof of possession' } };
    }
    const leaf = authority.issue({ publicKey: key, email, issuer: provider.issuer });
    return { status: 201, body: leaf + authority.certificate };
  };
}
