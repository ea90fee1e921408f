/** The user's home directory as the reference finds it. */
import { homedir } from 'node:os';

/** `$HOME`, else what the user database says; undefined for a user it does not know. */
export function homeDirectory(environment: NodeJS.ProcessEnv): string | undefined {
  if (environment['HOME']) return environment['HOME'];
  try {
    return homedir();
  } catch {
    return undefined;
  }
}
