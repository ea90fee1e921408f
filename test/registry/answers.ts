/** Answers of a server as values, for what is tested without one. */
import type { HttpResponse } from '../../src/registry/http.ts';

interface AnswerParts {
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  readonly url?: string;
}

export function answerOf(status: number, parts: AnswerParts = {}): HttpResponse {
  const { headers = {}, body = '', url = 'https://registry.test/v2/team/app/x?state=1' } = parts;
  const valuesOf = (name: string): readonly string[] => [headers[name] ?? []].flat();
  return {
    status,
    url: new URL(url),
    headers: valuesOf,
    header: (name) => valuesOf(name)[0],
    body: Buffer.from(body),
  };
}
