/** What is used of WebAssembly, which is no part of Node's types (WebAssembly JavaScript Interface, 5). */
declare namespace WebAssembly {
  interface Module {
    readonly [Symbol.toStringTag]: string;
  }
  interface Instance {
    readonly exports: unknown;
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  const Module: new (bytes: Uint8Array) => Module;
  function validate(bytes: Uint8Array): boolean;
  const Instance: new (module: Module) => Instance;
}
