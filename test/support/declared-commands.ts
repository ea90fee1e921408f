/** The command tree as the program declares it, with nothing behind it. */
import { createProgram, type Program } from '../../src/cli/program.ts';
import { NO_ACTIONS } from '../cli/recording.ts';

export function declaredCommands(): Program {
  const { stdout, stderr } = process;
  return createProgram(NO_ACTIONS, { stdout, stderr });
}
