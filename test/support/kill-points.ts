/** Kills a push at each change that it makes to the disk, and looks at what is there then. */
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { imageAt, imageIfAny, leftovers } from './image-state.ts';
import { pushLocally } from './local-push.ts';
import { preparePushProcess } from './push-process.ts';

/** More changes than any push of a small image makes. */
const MOST_POINTS = 150;

export interface KillPlan {
  /** The image that is there before, unless `startsEmpty`. */
  readonly old: string;
  readonly startsEmpty?: boolean;
  readonly new: string;
  /** The place in a directory to which is pushed. */
  place(directory: string): string;
  /** Looks at the place after every kill. */
  readonly inspect?: (place: string) => Promise<void>;
}

/** What was found after the kills, in their order: the digest of an image, or that there was none. */
export async function killEverywhere(root: string, plan: KillPlan): Promise<readonly string[]> {
  await using process = await preparePushProcess();
  const [before, work] = [join(root, 'before'), join(root, 'work')];
  await mkdir(before);
  if (!plan.startsEmpty) await pushLocally(plan.old, plan.place(before));
  const wanted = await imageAt(plan.new);
  const found: string[] = [];
  for (let point = 1; point <= MOST_POINTS; point += 1) {
    await rm(work, { recursive: true, force: true });
    await cp(before, work, { recursive: true });
    const place = plan.place(work);
    if (!(await process.pushUntil(point, plan.new, place))) return found;
    const image = await imageIfAny(place);
    found.push(image);
    if (image !== 'none') await plan.inspect?.(place);
    await pushLocally(plan.new, place);
    if ((await imageAt(place)) !== wanted) throw new Error(`point ${point}: no new image`);
    // A push that finds its image does not write, and has no need to clean up.
    await pushLocally(plan.old, place);
    found.push(...(await leftovers(work)));
  }
  throw new Error('the push never came to its end');
}
