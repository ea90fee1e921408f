/** Faults as data: which request goes wrong, how, and whether it has happened. */
import type { AnswerHeaders } from './answer.ts';

/** The requests a fault is for; what is not said matches everything. */
export interface FaultTarget {
  readonly method?: string;
  /** The path without its query; a text must be equal. */
  readonly path?: string | RegExp;
  /** The query as it was sent. */
  readonly query?: RegExp;
  /** The first request to go wrong among those that match; 1 unless told. */
  readonly nth?: number;
  /** How many go wrong from there on; 1 unless told, `Infinity` for ever. */
  readonly times?: number;
}

/** Answers in place of the registry, which is never asked. A spec error body unless one is given. */
export interface StatusFault {
  readonly status: number;
  readonly headers?: AnswerHeaders;
  /** Served as HTML when it begins with `<`, else as it is told in `headers`. */
  readonly body?: string;
  /** Answers while the request body is still on its way; else after the last byte. */
  readonly early?: boolean;
}

/**
 * Breaks the connection with RST after so many bytes of the request body, or at the end of a
 * shorter one; on GET after so many bytes of the answer, without RST. The upload keeps what came.
 */
export interface ResetFault {
  readonly resetAfterBytes: number;
  /** The registry has not seen the bytes: they are lost. */
  readonly discard?: boolean;
}

/** Reads so many bytes of the request body and then no more, until `until` settles, else for ever. */
export interface StallFault {
  readonly stallAfterBytes: number;
  readonly until?: Promise<unknown>;
}

/** Faults in the answer to a request that the registry has done in full. */
export type AnswerFault =
  /** The answer waits. */
  | { readonly holdAnswer: Promise<unknown> }
  /** So many bytes of the answer's body come, and then no more. */
  | { readonly holdAfterBytes: number }
  /** The answer's body has no end. */
  | { readonly endlessBody: true }
  /** The connection is closed instead of an answer. */
  | { readonly closeBeforeAnswer: true }
  /** Docker-Content-Digest names other bytes. */
  | { readonly wrongDigestHeader: true }
  | { readonly dropHeader: string }
  /** Names are in lower case. */
  | { readonly changeHeaders: (headers: AnswerHeaders) => AnswerHeaders };

export type FaultAction =
  | StatusFault
  | ResetFault
  | StallFault
  | AnswerFault
  /** One bit of the first byte of the request body flips on the way. */
  | { readonly corruptBody: true }
  /** The token of this request has expired a moment ago. */
  | { readonly expireToken: true };

/** One row of the table. */
export interface Fault {
  readonly on: FaultTarget;
  readonly do: FaultAction;
}

interface Row {
  readonly fault: Fault;
  readonly times: number;
  /** Matching requests still to let through. */
  skip: number;
  taken: number;
  fired: number;
  readonly firstFired: Promise<void>;
  readonly announce: () => void;
}

/** What of a request a fault can be aimed at. */
interface Aim {
  readonly method: string;
  readonly path: string;
  readonly query: string;
}

/** A fault that a request has drawn. */
export interface TakenFault {
  readonly action: FaultAction;
  /** To be called once it has happened. */
  readonly fired: () => void;
}

/** A request counts for the first row that matches and is not used up, and for no other. */
export class FaultTable {
  readonly #rows: readonly Row[];

  constructor(faults: readonly Fault[]) {
    this.#rows = faults.map(rowOf);
  }

  /** The fault for this request. */
  take(aim: Aim): TakenFault | undefined {
    const row = this.#rows.find(({ fault, taken, times }) => taken < times && hits(fault.on, aim));
    if (row === undefined) return undefined;
    if (row.skip > 0) {
      row.skip -= 1;
      return undefined;
    }
    row.taken += 1;
    const fired = (): void => {
      row.fired += 1;
      row.announce();
    };
    return { action: row.fault.do, fired };
  }

  /** Faults that happened less often than they should have. */
  unfired(): readonly Fault[] {
    return this.#rows
      .filter(({ fired, times }) => fired < (times === Infinity ? 1 : times))
      .map(({ fault }) => fault);
  }

  /** Settles when a fault has happened for the first time. */
  async whenFired(fault: Fault): Promise<void> {
    const row = this.#rows.find((candidate) => candidate.fault === fault);
    if (row === undefined) throw new Error('this fault is not in the table of the registry');
    await row.firstFired;
  }
}

function rowOf(fault: Fault): Row {
  let announce = (): void => {};
  const firstFired = new Promise<void>((resolve) => {
    announce = resolve;
  });
  const { nth = 1, times = 1 } = fault.on;
  return { fault, times, skip: nth - 1, taken: 0, fired: 0, firstFired, announce };
}

function hits(target: FaultTarget, aim: Aim): boolean {
  if (target.method !== undefined && target.method !== aim.method) return false;
  if (typeof target.path === 'string' && target.path !== aim.path) return false;
  if (target.path instanceof RegExp && !target.path.test(aim.path)) return false;
  return target.query === undefined || target.query.test(aim.query);
}
