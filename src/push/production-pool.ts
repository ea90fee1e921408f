/** Lets several destinations share one production of a blob: read, compressed and hashed once. */
import type { BlobProduction } from '../image/blob.ts';
import type { ByteStream } from '../io/bytes.ts';
import { Tee } from '../io/tee.ts';

/** One destination's part in the productions that it shares with others. */
export interface ProductionShare {
  /**
   * Says which blobs this destination wants, in the order in which it will ask for them; to be
   * called once, before the first is opened. Only who wants the same in the same order shares:
   * others could wait for each other for ever.
   */
  expect(keys: Iterable<string>): void;
  /**
   * Takes part in producing `key`, which begins when all who share it have asked for it or done
   * without. What is asked for again is produced for this destination alone.
   */
  open(key: string, produce: () => BlobProduction): BlobProduction;
  /** Needs `key` no more; what it has not taken of it is ended. */
  leave(key: string): void;
  /** Needs nothing more, and shares nothing that it still asks for. */
  retire(): void;
}

/** A destination, and what it takes of shared productions, by key. */
interface Member {
  readonly taking: Map<string, ByteStream>;
}

/** The destinations that want one blob come together here. */
interface Meeting {
  readonly tee: Tee;
  /** Those whose word is known: they take part, or do without. */
  readonly settled: Set<object>;
  produce?: () => BlobProduction;
  production?: BlobProduction;
}

/** Destinations that want the same blobs in the same order. */
interface Circle {
  readonly members: Set<object>;
  readonly meetings: Map<string, Meeting>;
}

export class ProductionPool {
  /** Destinations that have not said what they want: until they do, nobody can begin. */
  readonly #undecided = new Set<object>();
  readonly #circles = new Map<string, Circle>();

  /** All destinations must join before the first one opens anything. */
  join(): ProductionShare {
    const member: Member = { taking: new Map() };
    let circle: Circle | undefined;
    this.#undecided.add(member);
    return {
      expect: (keys) => {
        circle = this.#circle([...keys].join('\n'));
        circle.members.add(member);
        this.#undecided.delete(member);
        this.#beginAll();
      },
      open: (key, produce) =>
        circle === undefined ? produce() : this.#open(circle, member, key, produce),
      leave: (key) => {
        if (circle === undefined) return;
        end(member, key);
        meetingOf(circle, key).settled.add(member);
        this.#begin(circle, key);
      },
      retire: () => {
        this.#undecided.delete(member);
        circle?.members.delete(member);
        circle = undefined;
        for (const key of member.taking.keys()) end(member, key);
        this.#beginAll();
      },
    };
  }

  #circle(wants: string): Circle {
    const circle = this.#circles.get(wants) ?? { members: new Set(), meetings: new Map() };
    this.#circles.set(wants, circle);
    return circle;
  }

  #open(
    circle: Circle,
    member: Member,
    key: string,
    produce: () => BlobProduction,
  ): BlobProduction {
    // What somebody has given up, whether it had begun or not, would hold up the others.
    end(member, key);
    const meeting = meetingOf(circle, key);
    const isLate = meeting.settled.has(member);
    meeting.settled.add(member);
    const isAlone = meeting.produce === undefined && !this.#isAwaited(circle, meeting);
    if (isLate || isAlone) return produce();
    meeting.produce ??= produce;
    const stream = meeting.tee.join();
    member.taking.set(key, stream);
    this.#begin(circle, key);
    return {
      stream,
      result: () => {
        if (meeting.production === undefined) throw new TypeError('the stream has not begun');
        return meeting.production.result();
      },
      soFar: () => meeting.production?.soFar?.(),
    };
  }

  #beginAll(): void {
    for (const circle of this.#circles.values()) {
      for (const key of circle.meetings.keys()) this.#begin(circle, key);
    }
  }

  #begin(circle: Circle, key: string): void {
    const meeting = meetingOf(circle, key);
    if (meeting.production !== undefined || meeting.produce === undefined) return;
    if (this.#isAwaited(circle, meeting)) return;
    meeting.production = meeting.produce();
    meeting.tee.begin(meeting.production.stream);
  }

  /** Whether somebody may still ask for it. */
  #isAwaited({ members }: Circle, { settled }: Meeting): boolean {
    return this.#undecided.size > 0 || [...members].some((member) => !settled.has(member));
  }
}

function meetingOf({ meetings }: Circle, key: string): Meeting {
  const meeting = meetings.get(key) ?? { tee: new Tee(), settled: new Set<object>() };
  meetings.set(key, meeting);
  return meeting;
}

/** Harmless where all has been taken. How the source ends is nothing to who has gone. */
function end({ taking }: Member, key: string): void {
  const iterator = taking.get(key)?.[Symbol.asyncIterator]();
  taking.delete(key);
  iterator?.return?.().catch(() => undefined);
}
