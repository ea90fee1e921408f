/** `--log-level`: how grave a message must be to be shown, on the scale of podman (logrus). */
import { OcipushError } from '../errors.ts';
import { goQuote } from './escape.ts';

/** From the least to the gravest, as podman names them: one has two names. */
export const LEVEL_NAMES = [
  'trace',
  'debug',
  'info',
  'warn',
  'warning',
  'error',
  'fatal',
  'panic',
] as const;

export type LogLevel = Exclude<(typeof LEVEL_NAMES)[number], 'warn'>;

/** @throws OcipushError USAGE, in podman's words */
export function parseLogLevel(text: string): LogLevel {
  const name = LEVEL_NAMES.find((each) => each === text.toLowerCase());
  if (name !== undefined) return name === 'warn' ? 'warning' : name;
  throw new OcipushError(
    'USAGE',
    `Log Level ${goQuote(text)} is not supported, choose from: ${LEVEL_NAMES.join(', ')}`,
    { origin: 'usage' },
  );
}

/** Whether a message of `level` is shown where `threshold` is asked for. */
export function isShown(level: LogLevel, threshold: LogLevel): boolean {
  return LEVEL_NAMES.indexOf(level) >= LEVEL_NAMES.indexOf(threshold);
}
