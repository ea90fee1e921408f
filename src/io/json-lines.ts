/** A file of JSON objects, one a line, to which many processes append; a cache and no more. */
import { appendFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OcipushError } from '../errors.ts';
import { isJsonObject, parseJson, type JsonObject } from './bounded-json.ts';
import { readSmallFile } from './file-reader.ts';
import { makeDirectories } from './make-directories.ts';

/** A file that cannot be read or written is an empty one: nothing may depend on it. */
export class JsonLines {
  readonly #path: string;
  readonly #limit: number;

  /** @param limit bytes after which the file is begun anew */
  constructor(path: string, limit: number) {
    this.#path = path;
    this.#limit = limit;
  }

  /**
   * Hands the entries out, the oldest first. A line that was cut off, or that `use` throws an
   * OcipushError at, is one that another version wrote, and passed over.
   */
  async read(use: (entry: JsonObject) => void): Promise<void> {
    for (const line of (await this.#text()).split('\n')) {
      try {
        const entry = parseJson(Buffer.from(line), 'cache');
        if (isJsonObject(entry)) use(entry);
      } catch (error) {
        if (!(error instanceof OcipushError)) throw error;
      }
    }
  }

  /** In one write, which is whole for whoever reads at the same time. */
  async append(entry: object): Promise<void> {
    await ignoringFailure(async () => {
      await makeDirectories(dirname(this.#path), 0o700);
      // A line before it that a full disk has cut off must not take this one along.
      await appendFile(this.#path, `\n${JSON.stringify(entry)}\n`, { mode: 0o600 });
    });
  }

  async #text(): Promise<string> {
    try {
      return Buffer.from(await readSmallFile(this.#path, this.#limit)).toString('utf8');
    } catch (error) {
      const isTooLarge = error instanceof OcipushError && error.code === 'LIMIT_EXCEEDED';
      if (isTooLarge) await ignoringFailure(() => rm(this.#path, { force: true }));
      return '';
    }
  }
}

/** A disk that is full or read-only costs time and no more. */
async function ignoringFailure(use: () => Promise<unknown>): Promise<void> {
  await use().catch(() => undefined);
}
