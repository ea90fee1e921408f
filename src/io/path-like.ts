/** How a person shows that they mean a file and not a name. */

/** Whether a text begins with `/`, `./` or `../`: no image, and no key, has such a name. */
export function isPathLike(text: string): boolean {
  return /^\.{0,2}\//.test(text);
}
