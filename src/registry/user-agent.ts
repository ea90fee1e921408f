/** Who we are, in the words of a request and of `--version`. */

/** Written in by the bundler; absent where the sources run unbundled, as in the tests. */
// oxlint-disable-next-line no-underscore-dangle -- bundlers' convention for such constants
declare const __OCIPUSH_VERSION__: string | undefined;

export const VERSION =
  typeof __OCIPUSH_VERSION__ === 'string' ? __OCIPUSH_VERSION__ : '0.0.0-development';

export const USER_AGENT = `ocipush/${VERSION}`;
