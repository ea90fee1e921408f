/** Values of configuration files as those of the flags that do the same. */
import type { Setting } from '../config/engine-conf.ts';
import { messageOf, OcipushError } from '../errors.ts';

/**
 * What `convert` makes of a setting.
 * @throws OcipushError CONFIG_INVALID naming the file and the key where `convert` fails
 */
export function convertSetting<T, U>({ value, place }: Setting<T>, convert: (value: T) => U): U {
  try {
    return convert(value);
  } catch (error) {
    const message = `loading configuration ${place()}: ${messageOf(error)}`;
    throw new OcipushError('CONFIG_INVALID', message, {
      origin: 'config',
      hint: (error instanceof OcipushError ? error.hint : undefined) ?? 'correct it',
      cause: error,
    });
  }
}
