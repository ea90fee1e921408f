/** How V8 compiles the WebAssembly of a push, of which nearly nothing runs for long. */
import { setFlagsFromString } from 'node:v8';

const FLAGS = [
  // For the few answers of a push V8 would optimise undici's HTTP parser, which takes 35 MB and 0.07 s of a core.
  // What runs much longer than that, the decoder of xz, is still optimised.
  '--wasm-tiering-budget=100000000',
  // It compiles while the connections are being made, and not when the first answer is there.
  '--no-wasm-lazy-compilation',
];

/** To be called before there is any. */
export function tuneWebAssembly(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}
