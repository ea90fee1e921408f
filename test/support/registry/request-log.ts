/** What the registry was asked, in the order of arrival. */
import type { IncomingHttpHeaders } from 'node:http';
import type { FaultAction } from './faults.ts';

/** One request. `status`, `bodyBytes` and `fault` become known while it is served. */
export interface LoggedRequest {
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Undefined until it is answered, and for ever when the connection broke. */
  readonly status: number | undefined;
  /** Bytes of the request body that have been read. */
  readonly bodyBytes: number;
  /** How many requests had been answered when this one arrived. */
  readonly startedAfter: number;
  /** The TCP connection it came on; the first is 1. */
  readonly connection: number;
  /** What went wrong with it on purpose. */
  readonly fault: FaultAction | undefined;
}

type Arrival = Omit<LoggedRequest, 'status' | 'bodyBytes' | 'startedAfter' | 'fault'>;
type Entry = { -readonly [Key in keyof LoggedRequest]: LoggedRequest[Key] };

/** Keeps the entries up to date and wakes those who wait for one. */
export class RequestLog {
  readonly #entries: Entry[] = [];
  readonly #waiting = new Set<(entry: LoggedRequest) => void>();
  #answered = 0;

  get entries(): readonly LoggedRequest[] {
    return this.#entries;
  }

  arrive(arrival: Arrival): Entry {
    const entry = {
      ...arrival,
      status: undefined,
      bodyBytes: 0,
      startedAfter: this.#answered,
      fault: undefined,
    };
    this.#entries.push(entry);
    for (const wake of this.#waiting) wake(entry);
    return entry;
  }

  answer(entry: Entry, status: number): void {
    entry.status = status;
    this.#answered += 1;
  }

  /** The first request that fits, as soon as it has arrived. */
  async waitFor(fits: (request: LoggedRequest) => boolean): Promise<LoggedRequest> {
    const known = this.#entries.find(fits);
    if (known !== undefined) return known;
    return new Promise((resolve) => {
      const wake = (entry: LoggedRequest): void => {
        if (!fits(entry)) return;
        this.#waiting.delete(wake);
        resolve(entry);
      };
      this.#waiting.add(wake);
    });
  }
}
