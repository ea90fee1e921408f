import { describe, expect, test } from 'vitest';
import { measured, type BlobProduction } from '../../src/image/blob.ts';
import { collect, single } from '../../src/io/bytes.ts';
import { ProductionPool, type ProductionShare } from '../../src/push/production-pool.ts';

const BYTES = Buffer.from('a layer');

/** Counts how often each blob is produced. */
function factory() {
  const produced: string[] = [];
  const produce = (key: string) => (): BlobProduction => {
    produced.push(key);
    return measured(single(BYTES));
  };
  return { produced, produce };
}

async function taken({ stream, result }: BlobProduction): Promise<number> {
  await collect(stream, 100, 'the blob');
  return result().size;
}

function joined(pool: ProductionPool, ...expectations: string[][]): ProductionShare[] {
  const shares = expectations.map(() => pool.join());
  for (const [index, share] of shares.entries()) share.expect(expectations[index] ?? []);
  return shares;
}

describe('ProductionPool', () => {
  test('produces once what two destinations take', async () => {
    const { produced, produce } = factory();
    const [one, two] = joined(new ProductionPool(), ['a'], ['a']) as [
      ProductionShare,
      ProductionShare,
    ];
    const sizes = [one, two].map(async (share) => taken(share.open('a', produce('a'))));
    expect(await Promise.all(sizes)).toEqual([BYTES.length, BYTES.length]);
    expect(produced).toEqual(['a']);
  });

  test.each<[string, (other: ProductionShare) => void]>([
    ['leaves it', (other) => other.leave('a')],
    ['retires', (other) => other.retire()],
  ])('does not wait for a destination that %s', async (_what, act) => {
    const { produced, produce } = factory();
    const [one, two] = joined(new ProductionPool(), ['a'], ['a']) as [
      ProductionShare,
      ProductionShare,
    ];
    const size = taken(one.open('a', produce('a')));
    expect(produced).toEqual([]);
    act(two);
    expect(await size).toBe(BYTES.length);
  });

  test.each<[string, (other: ProductionShare, produce: () => BlobProduction) => unknown]>([
    ['leaves it', (other) => other.leave('a')],
    ['retires', (other) => other.retire()],
    ['asks again', (other, produce) => taken(other.open('a', produce))],
  ])('goes on without a destination that took nothing yet and %s', async (_what, act) => {
    const { produce } = factory();
    const [one, two] = joined(new ProductionPool(), ['a'], ['a']) as [
      ProductionShare,
      ProductionShare,
    ];
    const size = taken(one.open('a', produce('a')));
    const given = two.open('a', produce('a'));
    await act(two, produce('a'));
    expect(await size).toBe(BYTES.length);
    await expect(taken(given)).rejects.toMatchObject({ code: 'ABORTED' });
  });

  test('waits for nobody on behalf of a destination that has retired', async () => {
    const { produced, produce } = factory();
    const [one] = joined(new ProductionPool(), ['a'], ['a']) as [ProductionShare];
    one.retire();
    expect(await taken(one.open('a', produce('a')))).toBe(BYTES.length);
    expect(produced).toEqual(['a']);
  });

  test('waits for a destination that has not said what it expects', async () => {
    const { produced, produce } = factory();
    const pool = new ProductionPool();
    const [one, two] = [pool.join(), pool.join()];
    one.expect(['a']);
    const size = taken(one.open('a', produce('a')));
    expect(produced).toEqual([]);
    two.expect(['b']);
    expect(await size).toBe(BYTES.length);
  });

  test('produces again, alone, for whom asks again', async () => {
    const { produced, produce } = factory();
    const [one] = joined(new ProductionPool(), ['a'], ['b']) as [ProductionShare];
    await taken(one.open('a', produce('a')));
    await taken(one.open('a', produce('a')));
    expect(produced).toEqual(['a', 'a']);
  });

  test('lets nobody wait for a destination that takes the same blobs in another order', async () => {
    const { produced, produce } = factory();
    const pool = new ProductionPool();
    const [all, one] = joined(pool, ['a', 'x', 'y'], ['y', 'x']) as [
      ProductionShare,
      ProductionShare,
    ];
    // Each takes one blob after the other: sharing, `all` would wait at x and `one` at y.
    for (const key of ['a', 'x', 'y']) await taken(all.open(key, produce(key)));
    for (const key of ['y', 'x']) await taken(one.open(key, produce(key)));
    expect(produced).toEqual(['a', 'x', 'y', 'y', 'x']);
  });
});
