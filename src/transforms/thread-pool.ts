/** Threads that run codecs: as many as are needed, up to a limit, and as long as they are. */
import { Worker } from 'node:worker_threads';

export interface ThreadPoolOptions {
  /** Threads at most; further jobs share them. */
  readonly threads: number;
  /** Milliseconds for which a thread waits for another job; 0: each ends with its last one. */
  readonly linger: number;
}

/** A share in a thread. */
export interface ThreadLease {
  readonly worker: Worker;
  release(): Promise<void>;
}

interface Thread {
  readonly worker: Worker;
  readonly onDeath: Set<(reason: Error) => void>;
  idle?: NodeJS.Timeout;
}

/**
 * The bundle of codec-thread.ts, which stands beside that of this module; to tests, which run from
 * the sources, one is given of which Node can make a thread.
 */
const CODEC_THREAD = new URL(
  import.meta.url.endsWith('.ts') ? '../../build/codec-thread.js' : 'codec-thread.js',
  import.meta.url,
);

/**
 * What a thread makes it soon forgets: with the young generation that V8 would give it, two threads
 * take 17 MB more, and no less time.
 */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 12 };

/** None of them keeps the process alive. */
export class ThreadPool {
  readonly #options: ThreadPoolOptions;
  readonly #threads = new Set<Thread>();

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
  }

  /** @param onDeath told when the thread ends by itself before it is released */
  lease(onDeath: (reason: Error) => void): ThreadLease {
    const thread = this.#leastBusy() ?? this.#start();
    clearTimeout(thread.idle);
    thread.onDeath.add(onDeath);
    return {
      worker: thread.worker,
      release: async () => {
        thread.onDeath.delete(onDeath);
        if (thread.onDeath.size > 0 || !this.#threads.has(thread)) return;
        if (this.#options.linger === 0) await this.#end(thread);
        else thread.idle = setTimeout(() => void this.#end(thread), this.#options.linger).unref();
      },
    };
  }

  #leastBusy(): Thread | undefined {
    const [first] = [...this.#threads].toSorted((a, b) => a.onDeath.size - b.onDeath.size);
    const isFull = this.#threads.size >= this.#options.threads;
    return isFull || first?.onDeath.size === 0 ? first : undefined;
  }

  #start(): Thread {
    // Flags of this process need not be such that a thread takes.
    const worker = new Worker(CODEC_THREAD, { execArgv: [], resourceLimits: RESOURCE_LIMITS });
    const thread: Thread = { worker, onDeath: new Set() };
    this.#threads.add(thread);
    const die = (reason: Error): void => {
      this.#threads.delete(thread);
      for (const tell of thread.onDeath) tell(reason);
    };
    worker.on('error', die);
    worker.on('exit', (code) => die(new Error(`the thread ended with ${code}`)));
    worker.unref();
    return thread;
  }

  async #end(thread: Thread): Promise<void> {
    this.#threads.delete(thread);
    await thread.worker.terminate();
  }
}
