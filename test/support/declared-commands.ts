/** The command tree as the program declares it, with nothing behind it. */
import { declareAllFlags } from '../../src/cli/flags.ts';
import { createProgram, type Program } from '../../src/cli/program.ts';
import { NO_ACTIONS } from '../cli/recording.ts';

export function declaredCommands(): Program {
  const { stdout, stderr } = process;
  const program = createProgram(NO_ACTIONS, { stdout, stderr });
  declareAllFlags(program.root);
  return program;
}
