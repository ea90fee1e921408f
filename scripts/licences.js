/** Collects the licences of what the bundle contains into dist/THIRD-PARTY-LICENSES.txt. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The directory of a package, the innermost one where they are nested. */
const PACKAGE = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

/** @param {readonly string[]} modules the paths of all that is in the bundle */
export async function writeLicences(modules) {
  const directories = modules.flatMap((path) => PACKAGE.exec(path)?.[0] ?? []);
  const texts = await Promise.all([...new Set(directories)].toSorted().map(licenceOf));
  await writeFile(
    join('dist', 'THIRD-PARTY-LICENSES.txt'),
    `ocipush contains the following packages.\n\n${texts.join('\n')}`,
  );
}

async function licenceOf(directory) {
  const { name, version, license, homepage } = JSON.parse(
    await readFile(join(directory, 'package.json'), 'utf8'),
  );
  const file = (await readdir(directory)).find((entry) => /^licen[cs]e/i.test(entry));
  if (license === undefined) throw new Error(`${directory} says nothing of its licence`);
  const text =
    file === undefined
      ? `The package brings no text of its licence; see ${homepage}`
      : await readFile(join(directory, file), 'utf8');
  return `## ${name} ${version} (${license})\n\n${text.trim()}\n`;
}
