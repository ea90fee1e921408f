/** Answers to any request of this process, without a server that gives them. */
import { vi } from 'vitest';
import { HttpClient, type HttpResponse } from '../../src/registry/http.ts';
import { answerOf } from '../registry/answers.ts';

export type Played = Parameters<typeof answerOf>[1] & { readonly status: number };

/** The address that {@link playAnswers} answers for. */
export const ADDRESS = 'https://registry.test/v2/team/app/x?state=1';

/** Has every HTTP client of the test file get these answers, the last one again and again. */
export function playAnswers(): (...answers: readonly [Played, ...Played[]]) => void {
  let left: readonly Played[] = [];
  vi.spyOn(HttpClient.prototype, 'prepare').mockReturnValue(undefined);
  vi.spyOn(HttpClient.prototype, 'send').mockImplementation(
    async ({ streams = [] }): Promise<HttpResponse> => {
      const [{ status, ...parts } = { status: 500 }, ...others] = left;
      if (others.length > 0) left = others;
      const response = answerOf(status, { url: ADDRESS, ...parts });
      if (!streams.includes(status)) return response;
      return { ...response, body: new Uint8Array(), stream: chunked(response.body) };
    },
  );
  return (...answers) => {
    left = answers;
  };
}

async function* chunked(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body.subarray(0, 100);
  yield body.subarray(100);
}
