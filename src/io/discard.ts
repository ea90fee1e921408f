/** Frees memory outside the heap, of which the garbage collector lets much pile up. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';

let nowhere: MessagePort | undefined;

/** Frees the memory of bytes that share it with nobody: at once, and nothing is left of them. */
export function discard({ buffer }: Uint8Array<ArrayBuffer>): void {
  nowhere ??= closedPort();
  nowhere.postMessage(undefined, [buffer]);
}

/** What is transferred to it leaves its owner and reaches nobody (HTML, message port post message steps). */
function closedPort(): MessagePort {
  const { port1 } = new MessageChannel();
  port1.close();
  return port1;
}
