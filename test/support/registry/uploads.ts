/** The upload endpoints: start, mount, stream, finish, ask, cancel. */
import type { Digest } from '../../../src/image/digest.ts';
import { empty, failure, type Answer } from './answer.ts';
import { asDigest, type Exchange } from './exchange.ts';
import type { Repositories } from './repository.ts';
import { StateSigner, UploadSession } from './upload-session.ts';

export interface UploadOptions {
  readonly storage: 'memory' | 'discard';
  readonly behaviour: 'distribution-2.8' | 'distribution-3.0';
  readonly relativeLocations: boolean;
}

/** Answers everything below `/blobs/uploads/`. */
export class Uploads {
  readonly #repositories: Repositories;
  readonly #options: UploadOptions;
  readonly #sessions = new Map<string, UploadSession>();
  readonly #signer = new StateSigner();

  constructor(repositories: Repositories, options: UploadOptions) {
    this.#repositories = repositories;
    this.#options = options;
  }

  /** Sessions that were neither finished nor cancelled. */
  get open(): readonly UploadSession[] {
    return [...this.#sessions.values()];
  }

  async answer(exchange: Exchange, name: string, uuid: string): Promise<Answer> {
    if (uuid === '') {
      return exchange.method === 'POST'
        ? this.#start(exchange, name)
        : failure('BLOB_UPLOAD_UNKNOWN');
    }
    const session = this.#resume(exchange, name, uuid);
    if (!(session instanceof UploadSession)) return session;
    switch (exchange.method) {
      case 'POST':
        return this.#start(exchange, name);
      case 'PATCH':
        return this.#append(exchange, session);
      case 'PUT':
        return this.#finish(exchange, session);
      case 'DELETE':
        this.#sessions.delete(session.uuid);
        return empty(204, { 'docker-upload-uuid': session.uuid });
      default:
        return this.#progress(204, exchange, session);
    }
  }

  #start(exchange: Exchange, name: string): Answer {
    const mount = exchange.query.get('mount') ?? '';
    const from = exchange.query.get('from') ?? '';
    const digest = asDigest(mount);
    const blob = from === '' ? undefined : this.#repositories.get(from).blobs.get(mount);
    if (blob !== undefined && digest !== undefined) {
      this.#repositories.get(name).link(blob, digest);
      return this.#created(exchange, name, digest);
    }
    const session = new UploadSession(name, this.#options.storage);
    this.#sessions.set(session.uuid, session);
    return this.#progress(202, exchange, session);
  }

  #resume(exchange: Exchange, name: string, uuid: string): UploadSession | Answer {
    const asksStatus = exchange.method === 'GET' || exchange.method === 'HEAD';
    const isModern = this.#options.behaviour === 'distribution-3.0';
    const session = this.#sessions.get(uuid);
    if (isModern && asksStatus) {
      return session?.repository === name ? session : failure('BLOB_UPLOAD_UNKNOWN', {});
    }
    const state = this.#signer.unpack(exchange.query.get('_state') ?? '');
    if (state?.name !== name || state.uuid !== uuid) return failure('BLOB_UPLOAD_INVALID');
    if (session === undefined) return failure('BLOB_UPLOAD_UNKNOWN', {});
    if (state.offset === session.size) return session;
    return failure(isModern ? 'RANGE_INVALID' : 'BLOB_UPLOAD_INVALID');
  }

  async #append(exchange: Exchange, session: UploadSession): Promise<Answer> {
    const type = exchange.headers['content-type'];
    if (type !== undefined && type !== 'application/octet-stream') return failure('UNKNOWN', {});
    const refusal = checkRange(exchange, session);
    if (refusal !== undefined) return refusal;
    for await (const chunk of exchange.body) session.append(chunk);
    return this.#progress(202, exchange, session);
  }

  async #finish(exchange: Exchange, session: UploadSession): Promise<Answer> {
    const text = exchange.query.get('digest') ?? '';
    if (text === '') return failure('DIGEST_INVALID', 'digest missing');
    const claimed = asDigest(text);
    if (claimed === undefined) return failure('DIGEST_INVALID', 'digest parsing failed');
    const refusal = checkRange(exchange, session);
    if (refusal !== undefined) return refusal;
    for await (const chunk of exchange.body) session.append(chunk);
    const blob = session.complete(claimed);
    if (blob === undefined) return failure('DIGEST_INVALID', { Digest: claimed, Reason: {} });
    this.#sessions.delete(session.uuid);
    this.#repositories.get(session.repository).link(blob, claimed);
    return this.#created(exchange, session.repository, blob.digest);
  }

  #progress(status: number, exchange: Exchange, session: UploadSession): Answer {
    const { uuid, repository: name, size } = session;
    const state = this.#signer.pack({ name, uuid, offset: size });
    return empty(status, {
      location: this.#location(exchange, `/v2/${name}/blobs/uploads/${uuid}?_state=${state}`),
      range: `0-${Math.max(0, size - 1)}`,
      'docker-upload-uuid': uuid,
    });
  }

  #created(exchange: Exchange, name: string, digest: Digest): Answer {
    return empty(201, {
      location: this.#location(exchange, `/v2/${name}/blobs/${digest}`),
      'docker-content-digest': digest,
    });
  }

  #location(exchange: Exchange, path: string): string {
    return this.#options.relativeLocations ? path : `${exchange.origin}${path}`;
  }
}

/** The check of distribution 3.0: 2.8 ignores Content-Range, but a wrong one is a client's bug. */
function checkRange(exchange: Exchange, session: UploadSession): Answer | undefined {
  const range = exchange.headers['content-range'];
  if (range === undefined) return undefined;
  const [, first, last] = /^(\d+)-(\d+)$/.exec(range) ?? [];
  if (first === undefined || last === undefined) return failure('UNKNOWN', 'invalid range format');
  const isInOrder = Number(first) === session.size && Number(last) >= Number(first);
  if (!isInOrder) return failure('RANGE_INVALID');
  const length = exchange.headers['content-length'];
  const expected = Number(last) - Number(first) + 1;
  return length === undefined || Number(length) === expected ? undefined : failure('SIZE_INVALID');
}
