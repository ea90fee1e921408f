/** What must be true of a registry after a push, whatever went wrong on the way. */
import { expect } from 'vitest';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import { parseList } from '../../src/image/list.ts';
import { isListType } from '../../src/image/media-types.ts';
import { pushedImage } from '../support/pushed-image.ts';
import type { FaultAction } from '../support/registry/faults.ts';
import type { LoggedRequest } from '../support/registry/request-log.ts';
import type { Registry } from '../support/registry/registry.ts';
import type { Repository } from '../support/registry/repository.ts';
import { DESTINATION } from './faulty-push.ts';

/** A push that is over. */
export interface Ending {
  /** The digest that it said the image has; undefined where it failed. */
  readonly told: string | undefined;
  /** What the name stood for before. */
  readonly before: Digest | undefined;
  /** The layers of each image that was pushed. */
  readonly wanted: readonly (readonly Digest[])[];
}

/** Nothing is told that is not so, nothing is there by half, and no upload was forgotten. */
export function expectTruth(registry: Registry, { told, before, wanted }: Ending): void {
  const repository = registry.repository(DESTINATION);
  const now = repository.tags.get('1');
  if (told !== undefined) expect(told).toBe(now);
  if (told !== undefined || now !== before) expect(layersAt(repository, '1')).toEqual(wanted);
  // What came true though it was not told of did so under a fault.
  if (told === undefined && now !== before) expect(wasDisturbedLate(registry)).toBe(true);
  expect(forgottenUploads(registry)).toEqual([]);
}

/** Whether anything went wrong from the first manifest on. */
function wasDisturbedLate({ requests }: Registry): boolean {
  const first = requests.findIndex(
    ({ method, path }) => method === 'PUT' && path.includes('/manifests/'),
  );
  return requests.slice(first).some(({ fault }) => fault !== undefined);
}

/**
 * The layers of each image that a name stands for, every byte of which is checked.
 * @throws Error when anything is missing or wrong
 */
function layersAt(repository: Repository, name: string): readonly (readonly Digest[])[] {
  const stored = repository.manifest(name);
  if (stored === undefined) throw new Error(`no manifest ${name}`);
  const digest = digestOf(stored.bytes);
  if (name !== digest && repository.tags.get(name) !== digest) throw new Error(`wrong ${name}`);
  if (!isListType(stored.mediaType)) return [pushedImage(repository, name).diffIDs];
  const { instances } = parseList(stored.bytes, stored.mediaType);
  return instances.flatMap((instance) => layersAt(repository, instance.digest));
}

/**
 * The requests of each upload session that is open though its client could have ended it. It could
 * not where nobody told it of the session, or where that went on; nor where the registry was asked
 * and did not want to, or where it believes that it needs a token, which nobody gives.
 */
function forgottenUploads({ openUploads, requests }: Registry): readonly (readonly string[])[] {
  if (requests.some(({ fault }) => fault && asksForToken(fault))) return [];
  const histories = openUploads.map(({ uuid }) =>
    requests.filter(({ path }) => path.includes(uuid)),
  );
  const used = histories.filter((history) => history.length > 0 && couldEnd(history));
  const unheardOf = requests.filter(isUntold).length;
  const unused = histories.filter((history) => history.length === 0).slice(unheardOf);
  return [...used, ...unused].map((history) => history.map(lineOf));
}

/** A session may have been begun, and nobody knows it. */
function isUntold({ method, fault, status }: LoggedRequest): boolean {
  return method === 'POST' && (fault ? !('status' in fault) : status === undefined);
}

function couldEnd(history: readonly LoggedRequest[]): boolean {
  const last = history.at(-1);
  const wasTried = last !== undefined && /GET|DELETE/.test(last.method);
  return !wasTried && !history.some(({ fault }) => fault && misleads(fault));
}

function asksForToken(fault: FaultAction): boolean {
  return 'status' in fault && fault.status === 401 && 'www-authenticate' in (fault.headers ?? {});
}

/** Whether it leaves the client with no Location or a wrong one, or has it show what it has not got. */
function misleads(fault: FaultAction): boolean {
  if ('status' in fault) return fault.status < 400 || fault.status === 401;
  return 'changeHeaders' in fault || ('dropHeader' in fault && fault.dropHeader === 'location');
}

function lineOf({ method, status, fault }: LoggedRequest): string {
  return `${method} ${status} ${JSON.stringify(fault)}`;
}
