/** Lets several destinations share one production of a blob: read, compressed and hashed once. */
import type { BlobProduction } from '../image/blob.ts';
import { Tee } from '../io/tee.ts';

/** One destination's part in the productions that it shares with others. */
export interface ProductionShare {
  /** Says which blobs this destination may want; to be called once, before the first is opened. */
  expect(keys: Iterable<string>): void;
  /**
   * Takes part in producing `key`, which begins when all who expect it have asked for it or done
   * without. What is asked for again is produced for this destination alone.
   */
  open(key: string, produce: () => BlobProduction): BlobProduction;
  /** Needs `key` no more. */
  leave(key: string): void;
  /** Needs nothing more. */
  retire(): void;
}

/** The destinations that want one blob come together here. */
interface Meeting {
  readonly tee: Tee;
  /** Those whose word is known: they take part, or do without. */
  readonly settled: Set<object>;
  produce?: () => BlobProduction;
  production?: BlobProduction;
}

export class ProductionPool {
  /** What each destination expects; undefined until it has said so, when all must wait for it. */
  readonly #members = new Map<object, ReadonlySet<string> | undefined>();
  readonly #meetings = new Map<string, Meeting>();

  /** All destinations must join before the first one opens anything. */
  join(): ProductionShare {
    const member = {};
    this.#members.set(member, undefined);
    return {
      expect: (keys) => {
        this.#members.set(member, new Set(keys));
        this.#beginAll();
      },
      open: (key, produce) => this.#open(member, key, produce),
      leave: (key) => {
        this.#meeting(key).settled.add(member);
        this.#begin(key);
      },
      retire: () => {
        this.#members.delete(member);
        this.#beginAll();
      },
    };
  }

  #open(member: object, key: string, produce: () => BlobProduction): BlobProduction {
    const meeting = this.#meeting(key);
    const isLate = meeting.settled.has(member);
    meeting.settled.add(member);
    const isAlone = meeting.produce === undefined && !this.#isAwaited(key, meeting);
    if (isLate || isAlone) return produce();
    meeting.produce ??= produce;
    const stream = meeting.tee.join();
    this.#begin(key);
    return {
      stream,
      result: () => {
        if (meeting.production === undefined) throw new TypeError('the stream has not begun');
        return meeting.production.result();
      },
    };
  }

  #meeting(key: string): Meeting {
    const meeting = this.#meetings.get(key) ?? { tee: new Tee(), settled: new Set<object>() };
    this.#meetings.set(key, meeting);
    return meeting;
  }

  #beginAll(): void {
    for (const key of this.#meetings.keys()) this.#begin(key);
  }

  #begin(key: string): void {
    const meeting = this.#meeting(key);
    if (meeting.production !== undefined || meeting.produce === undefined) return;
    if (this.#isAwaited(key, meeting)) return;
    meeting.production = meeting.produce();
    meeting.tee.begin(meeting.production.stream);
  }

  /** Whether somebody may still ask for it. */
  #isAwaited(key: string, { settled }: Meeting): boolean {
    return [...this.#members].some(
      ([member, expected]) => !settled.has(member) && (expected?.has(key) ?? true),
    );
  }
}
