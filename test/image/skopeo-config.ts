/** The one difference between the OCI configs that we make of Docker's and those that skopeo makes. */
import { rawMembers } from '../../src/image/raw-json.ts';

/** What only Docker knows of a container, but stays with us. */
const KEPT: readonly string[] = ['Healthcheck', 'OnBuild', 'Shell'];

/** The config as skopeo makes it: the same bytes without the members that only we keep. */
export function withoutKept(oci: string): string {
  const config = rawMembers(oci).get('config')?.text ?? '';
  const members = [...rawMembers(config)].filter(([name]) => !KEPT.includes(name));
  const known = members.map(([name, { text }]) => `"${name}":${text}`).join(',');
  // No string before it can have this in it, for a quotation mark in a string is escaped.
  return oci.replace(`"config":${config}`, () => `"config":{${known}}`);
}
