/** Sets out for all destinations of a push at once, before there is anything to bring there. */
import type { DestinationReference, TransportContext } from './transport.ts';

/** To be disposed of when the push is over. */
export interface Departure extends Disposable {
  readonly destinations: readonly DestinationReference[];
}

/** Those that nothing can be done for yet stay what they are. */
export async function setOut(
  references: readonly DestinationReference[],
  context: TransportContext,
): Promise<Departure> {
  const destinations = await Promise.all(
    references.map(async (reference) => (await reference.setOut?.(context)) ?? reference),
  );
  return {
    destinations,
    [Symbol.dispose]: () => {
      for (const destination of destinations) {
        if (Symbol.dispose in destination) (destination as Disposable)[Symbol.dispose]();
      }
    },
  };
}
