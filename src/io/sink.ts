/** Writes streams to what cannot be replaced: pipes, devices, and what is open already. */
import { constants, createWriteStream, fstatSync, open } from 'node:fs';
import { Socket } from 'node:net';
import process from 'node:process';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ByteStream } from './bytes.ts';
import { systemCode } from './system-error.ts';
import { unlessAborted } from './unless-aborted.ts';

/** Milliseconds between looks whether somebody reads a named pipe. */
const INTERVAL = 20;

/**
 * Writes to an open file, which stays open.
 * @throws the system's error, what the stream threw, or the signal's reason
 */
export async function writeToDescriptor(
  descriptor: number,
  stream: ByteStream,
  signal?: AbortSignal,
): Promise<void> {
  await writeTo(standardStream(descriptor) ?? writableOf(descriptor, false), stream, signal);
}

/**
 * Writes to a named pipe or a device; waits for a pipe's reader.
 * @throws the system's error, what the stream threw, or the signal's reason
 */
export async function writeToDevice(
  path: string,
  stream: ByteStream,
  signal?: AbortSignal,
): Promise<void> {
  const writable = writableOf(await openDevice(path, signal), true);
  try {
    await writeTo(writable, stream, signal);
    writable.end();
    await finished(writable);
  } finally {
    writable.destroy();
  }
}

/** The process's own streams, for two on one pipe would get in each other's way. */
function standardStream(descriptor: number): Writable | undefined {
  if (descriptor === 1) return process.stdout;
  return descriptor === 2 ? process.stderr : undefined;
}

function writableOf(fd: number, autoClose: boolean): Writable {
  const found = fstatSync(fd);
  // Not as a file: a thread that waits for a pipe's reader would keep the process from ending.
  return found.isFIFO() || found.isSocket()
    ? new Socket({ fd, readable: false, writable: true })
    : createWriteStream('', { fd, autoClose });
}

/** Opens without waiting in the kernel, where no signal could end the wait. */
async function openDevice(path: string, signal: AbortSignal | undefined): Promise<number> {
  for (;;) {
    try {
      return await promisify(open)(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if (systemCode(error) !== 'ENXIO') throw error;
    }
    signal?.throwIfAborted();
    await delay(INTERVAL);
  }
}

async function writeTo(
  writable: Writable,
  stream: ByteStream,
  signal: AbortSignal | undefined,
): Promise<void> {
  // Every write reports its own error; the event, which comes later, would end the process if
  // nobody listened.
  if (!writable.listeners('error').includes(ignore)) writable.on('error', ignore);
  for await (const chunk of stream) await writeChunk(writable, chunk, signal);
}

function ignore(): void {
  // Told otherwise.
}

/** Returns when the chunk has left, for its bytes may change after that. */
async function writeChunk(
  writable: Writable,
  chunk: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  const written = new Promise<void>((resolve, reject) => {
    writable.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
  await (signal ? unlessAborted(written, signal) : written);
}
