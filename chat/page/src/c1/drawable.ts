/** Answers of models that write plain text, in the form that Thesys' client can draw: it shows an error for any other. */

const BEFORE = '<content thesys="true" version="2">\n```openui-lang\nroot = Card([words])\nwords = TextContent(&quot;';
const AFTER = "&quot;)\n```\n</content>";
const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Whether a reply begins as C1's do. */
const enveloped = (text: string) => /^\s*<(content|thinkitem|artifact)/.test(text);

/** Part of a string in the program, character by character, so that any cut will do. */
const quoted = (text: string) => JSON.stringify(text).slice(1, -1).replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);

/** A whole reply. */
export const drawn = (text: string) => (!text || enveloped(text) ? text : BEFORE + quoted(text) + AFTER);

/** A reply that is coming; `passed` is told of the bytes that came, `ended` of the end, whatever it is. */
export function drawable(response: Response, passed: (bytes: number) => void, ended: () => void): Response {
  if (!response.ok || !response.body) {
    ended();
    return response;
  }
  const pieces = piecesOf(response.body, passed, ended);
  // A reader that leaves and a line that breaks are an end to the client, not an error of the page.
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
      yield plain ? quoted(text) : text;
    }
  } catch {
    return;
  } finally {
    ended();
    if (plain) yield AFTER;
  }
}
