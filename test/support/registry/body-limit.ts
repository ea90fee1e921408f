/** A proxy before the registry that takes no large request, and passes on only what it has whole. */
import { content, type Answer } from './answer.ts';
import type { Exchange } from './exchange.ts';

/** Answers as nginx does with `client_max_body_size`: at once when the length says it, else on the way. */
export async function answerWithinLimit(
  exchange: Exchange,
  limit: number,
  handle: (exchange: Exchange) => Promise<Answer>,
): Promise<Answer> {
  if (limit === Infinity) return handle(exchange);
  if (Number(exchange.headers['content-length'] ?? 0) > limit) return tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of exchange.body) {
    size += chunk.length;
    if (size > limit) return tooLarge();
    chunks.push(chunk);
  }
  async function* body(): AsyncIterable<Uint8Array> {
    yield* chunks;
  }
  return handle({ ...exchange, body: body() });
}

function tooLarge(): Answer {
  const page = '<html><head><title>413 Request Entity Too Large</title></head></html>';
  return content(413, Buffer.from(page), { 'content-type': 'text/html', connection: 'close' });
}
