/** Looks at every byte of the contents of files: by the WebAssembly that contents/ becomes. */
import { wasmCode } from '../wasm-module.ts';

/** What the module exports: see contents/contents.ts. */
interface ContentsExports {
  readonly memory: WebAssembly.Memory;
  bytesAddress(): number;
  endOfChunk(from: number, to: number): number;
  addToChecksum(from: number, to: number): void;
  takeChecksum(): bigint;
}

/** What the module is made for. */
export type Processor = 'simd' | 'scalar';

/** Bytes that come before those in which the end of a chunk is looked for. */
export const WINDOW = 64;

/** Bytes of the memory, as contents/layout.ts has it. */
export const CONTENTS = WINDOW + 65 * 1024;

/** Memory that contents are put into, and what looks at it there. */
export class Contents {
  readonly bytes: Uint8Array;
  readonly #module: ContentsExports;

  constructor(processor: Processor = processorHere()) {
    this.#module = new WebAssembly.Instance(moduleFor(processor)).exports as ContentsExports;
    this.bytes = new Uint8Array(this.#module.memory.buffer, this.#module.bytesAddress(), CONTENTS);
  }

  /**
   * Looks for the end of the chunk to which some of the bytes belong.
   * @param from where they begin, behind a whole window of others
   * @param to where they end
   * @returns where the chunk does, or undefined if it goes on
   */
  endOfChunk(from: number, to: number): number | undefined {
    return this.#module.endOfChunk(from, to) || undefined;
  }

  addToChecksum(from: number, to: number): void {
    this.#module.addToChecksum(from, to);
  }

  /** CRC-64 of ISO 3309, big endian, of what was added since it was taken last. */
  takeChecksum(): Buffer {
    const result = Buffer.alloc(8);
    result.writeBigInt64BE(this.#module.takeChecksum());
    return result;
  }
}

/** Compiled once: every layer has an instance of its own. */
const modules = new Map<Processor, WebAssembly.Module>();

function moduleFor(processor: Processor): WebAssembly.Module {
  const module = modules.get(processor) ?? new WebAssembly.Module(codeFor(processor));
  modules.set(processor, module);
  return module;
}

function codeFor(processor: Processor): Uint8Array {
  return wasmCode(`contents-${processor}`);
}

let here: Processor | undefined;

/** Old processors of x86, and virtual ones that name none, have not the SIMD that is wanted. */
function processorHere(): Processor {
  here ??= WebAssembly.validate(codeFor('simd')) ? 'simd' : 'scalar';
  return here;
}
