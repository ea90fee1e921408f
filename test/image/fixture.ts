/** Vectors of fixtures/manifests, as bytes. */
import { readFileSync } from 'node:fs';

export function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/manifests/${name}`, import.meta.url));
}
