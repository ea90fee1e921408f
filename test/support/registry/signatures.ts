/** The extension with which a registry stores simple signatures: containers/image, docs/signature-protocols.md. */
import { buffer } from 'node:stream/consumers';
import { failure, json, text, empty, type Answer } from './answer.ts';
import type { Exchange } from './exchange.ts';
import type { Repository } from './repository.ts';

/** Said with every answer. */
export const SUPPORTS_SIGNATURES = { 'x-registry-supports-signatures': '1' } as const;

/** A signature as a client sends it. */
export interface StoredSignature {
  readonly schemaVersion: number;
  readonly name: string;
  readonly type: string;
  readonly content: string;
}

const NAME = /^(sha256:[0-9a-f]{64})@[0-9a-f]{32}$/;

export async function answerSignatures(
  { method, body }: Exchange,
  repository: Repository,
  digest: string,
): Promise<Answer> {
  if (!repository.manifests.has(digest)) return failure('MANIFEST_UNKNOWN');
  const stored = repository.signatures.get(digest) ?? [];
  if (method === 'GET') return json(200, { signatures: stored });
  const signature = JSON.parse((await buffer(body)).toString()) as StoredSignature;
  const { schemaVersion, type, name } = signature;
  const isValid = schemaVersion === 2 && type === 'atomic' && NAME.exec(name)?.[1] === digest;
  if (!isValid) return text(400, 'Bad Request');
  repository.signatures.set(digest, [...stored, signature]);
  return empty(201);
}
