/** Notes the programs that the command starts: arguments are for every user of a machine to see. */
import { readFile, writeFile } from 'node:fs/promises';
import { isAbsent } from '../../src/io/system-error.ts';
import type { Home } from './ocipush.ts';

export interface ChildNotes {
  /** Has a command take notes. They lie in its home, where it must leave no secret. */
  readonly env: Readonly<Record<string, string>>;
  /** The arguments of each program, with what was added to its environment. */
  lines(): Promise<readonly string[]>;
}

/** What is done before the command begins. */
const PRELOAD = `
import children from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
const { spawn } = children;
children.spawn = (program, args, options) => {
  const added = Object.entries(options?.env ?? {}).filter(([name, value]) => process.env[name] !== value);
  appendFileSync(process.env.CHILD_NOTES, JSON.stringify([program, args, added]) + '\\n');
  return spawn(program, args, options);
};
syncBuiltinESMExports();
`;

export async function takeChildNotes({ path }: Home): Promise<ChildNotes> {
  const notes = `${path}/children`;
  await writeFile(`${path}/preload.mjs`, PRELOAD);
  return {
    env: { NODE_OPTIONS: `--import=${path}/preload.mjs`, CHILD_NOTES: notes },
    lines: async () => {
      try {
        return (await readFile(notes, 'utf8')).trim().split('\n');
      } catch (error) {
        if (isAbsent(error)) return [];
        throw error;
      }
    },
  };
}
