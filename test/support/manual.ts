/** Reads our manual pages. */
import { readFileSync } from 'node:fs';

/** A tagged paragraph: what it is about, and the lines that say it. */
export interface ManualItem {
  readonly head: string;
  readonly body: string;
}

/** The body of a section, without roff's spelling of minus; empty where there is none. */
export function manualSection(page: string, name: string): string {
  const text = readFileSync(new URL(`../../man/${page}`, import.meta.url), 'utf8');
  const [, body = ''] = text.replaceAll(String.raw`\-`, '-').split(`.SH ${name}\n`);
  return body.split('\n.SH ')[0] ?? '';
}

/** The tagged paragraphs of a section. */
export function manualItems(page: string, section: string): ManualItem[] {
  const items = manualSection(page, section)
    .split(/^\.TP\n/m)
    .slice(1);
  return items.map((item) => {
    const [head = '', ...body] = item.split('\n');
    return { head, body: body.join('\n') };
  });
}
