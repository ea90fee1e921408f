/** `docker://NAME[:TAG|@DIGEST]`: an image at a registry. */
import {
  formatReference,
  parseDockerReference,
  withDefaultTag,
  type NamedReference,
} from '../../image/docker-reference.ts';
import { OcipushError } from '../../errors.ts';
import { HeadStart } from '../../registry/head-start.ts';
import type { DestinationReference, SourceReference } from '../transport.ts';

/** Parses what stands after `docker:`. @throws OcipushError REFERENCE_INVALID */
export function parseRegistryReference(text: string): SourceReference & DestinationReference {
  if (!text.startsWith('//')) {
    throw new OcipushError(
      'REFERENCE_INVALID',
      `docker: image reference ${text} does not start with //`,
      { hint: `write docker://${text}` },
    );
  }
  return registryReference(withDefaultTag(parseDockerReference(text.slice(2))));
}

function registryReference(name: NamedReference): SourceReference & DestinationReference {
  if (name.tag !== undefined && name.digest !== undefined) {
    throw new OcipushError(
      'REFERENCE_INVALID',
      'Docker references with both a tag and digest are currently not supported',
    );
  }
  const reference: SourceReference & DestinationReference = {
    transport: 'docker',
    dockerReference: name,
    toString: () => `docker://${formatReference(name)}`,
    openSource: async (context) => {
      const { openRegistrySource } = await import('./source.ts');
      return openRegistrySource(reference, name, context);
    },
    setOut: async ({ registry }) => {
      const start = await HeadStart.begin({ registry: name.domain, path: name.path }, registry);
      return {
        ...reference,
        openDestination: (context) =>
          reference.openDestination({
            ...context,
            registry: { ...context.registry, dial: start.dial },
          }),
        [Symbol.dispose]: () => start[Symbol.dispose](),
      };
    },
    openDestination: async (context) => {
      const { openRegistryDestination } = await import('./destination.ts');
      return openRegistryDestination(reference, name, context);
    },
  };
  return reference;
}
