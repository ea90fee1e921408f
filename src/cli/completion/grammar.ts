/** How images and their places are written, as far as a shell can complete them. */

/** Transports behind whose colon a path follows. */
export const PATH_TRANSPORTS = ['dir', 'docker-archive', 'oci', 'oci-archive'] as const;

/** All beginnings of an image or a destination that are no name and no path. */
export const PREFIXES: readonly string[] = [
  'containers-storage:',
  ...PATH_TRANSPORTS.map((transport) => `${transport}:`),
  'docker-daemon:',
  'docker://',
];

/** Prints the names in local container storage, one a line. */
export const LIST_IMAGES = 'ocipush completion images 2>/dev/null';
