/** Wrap plain-text answers in C1's envelope; Thesys' client shows an error for any other form. */

const BEFORE = '<content thesys="true" version="2">\n```openui-lang\nroot = Card([words])\nwords = TextContent(&quot;';
const AFTER = "&quot;)\n```\n</content>";
const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Return true if a reply begins with a tag of C1's envelope. */
const enveloped = (text: string) => /^\s*<(content|thinkitem|artifact)/.test(text);

/** Escape a piece of a string literal in the program, one character at a time, so that the text may be cut anywhere. */
const escapeProgramString = (text: string) => JSON.stringify(text).slice(1, -1).replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);

/** Return a complete reply in an envelope; an enveloped or empty one unchanged. */
export const wrapInEnvelope = (text: string) => (!text || enveloped(text) ? text : BEFORE + escapeProgramString(text) + AFTER);

/** Return the response with its stream wrapped. `passed` gets the bytes of each read; `ended` is called at the end, also after an error. */
export function envelopeStream(response: Response, passed: (bytes: number) => void, ended: () => void): Response {
  if (!response.ok || !response.body) {
    ended();
    return response;
  }
  const pieces = piecesOf(response.body, passed, ended);
  // An aborted read or a lost connection ends the stream for the client and is no error of the page.
  const body = new ReadableStream<string>({
    async pull(controller) {
      const { value, done } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  return new Response(body.pipeThrough(new TextEncoderStream()), { status: response.status, headers: response.headers });
}

async function* piecesOf(body: ReadableStream<Uint8Array<ArrayBuffer>>, passed: (bytes: number) => void, ended: () => void) {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let plain: boolean | null = null;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      passed(value.byteLength);
      const text = decoder.decode(value, { stream: true });
      if (!text) continue;
      if (plain === null && (plain = !/^\s*</.test(text))) yield BEFORE;
      yield plain ? escapeProgramString(text) : text;
    }
  } catch {
    return;
  } finally {
    ended();
    if (plain) yield AFTER;
  }
}
