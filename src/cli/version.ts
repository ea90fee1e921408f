/** What `--version` prints. */
import { VERSION } from '../registry/user-agent.ts';

export const VERSION_LINE = `ocipush version ${VERSION}\n`;

/** Whether nothing else is asked for: then nothing else need be loaded. */
export function asksForVersion(argv: readonly string[]): boolean {
  const [flag, ...others] = argv;
  return others.length === 0 && (flag === '--version' || flag === '-v');
}
