/** Wrap plain-text answers in C1's envelope; Thesys' client shows an error for any other form. */

interface Wrapping {
  before: string;
  after: string;
  escape(text: string): string;
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const FENCE = '<content thesys="true" version="2">\n```openui-lang\n';
const FENCE_END = "\n```\n</content>";

const escapeEntities = (text: string) => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);

/** Text as a string literal in a program, escaped one character at a time, so that it may be cut anywhere. */
const WORDS: Wrapping = {
  before: `${FENCE}root = Card([words])\nwords = TextContent(&quot;`,
  after: `&quot;)${FENCE_END}`,
  escape: (text) => escapeEntities(JSON.stringify(text).slice(1, -1)),
};
/** Bare openui-lang, as the Gateway writes it. */
const PROGRAM: Wrapping = { before: FENCE, after: FENCE_END, escape: escapeEntities };
const NONE: Wrapping = { before: "", after: "", escape: (text) => text };

/** The line that may begin a Gateway's answer. */
const HEADER = /^\s*\]\]>openui:content.*\r?\n/;
const STARTS = ["root =", "]]>openui:content"];

/** Return the wrapping that a reply needs by its start; null while the start is too short. */
function wrappingOf(start: string): Wrapping | null {
  const text = start.replace(HEADER, "").trimStart();
  if (STARTS.some((begun) => begun.startsWith(text)) || text.startsWith("]]>openui:content")) return null;
  if (text.startsWith("<")) return NONE;
  return /^root\s*=/.test(text) ? PROGRAM : WORDS;
}

/** Return a complete reply in an envelope; an enveloped or empty one unchanged. */
export function wrapInEnvelope(text: string) {
  if (!text || /^\s*<(content|thinkitem|artifact)/.test(text)) return text;
  const { before, after, escape } = wrappingOf(text) ?? WORDS;
  return before + escape(text.replace(HEADER, "")) + after;
}

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
  let wrapping: Wrapping | null = null;
  let start = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      passed(value.byteLength);
      const text = decoder.decode(value, { stream: true });
      if (wrapping) {
        yield wrapping.escape(text);
        continue;
      }
      start += text;
      wrapping = wrappingOf(start);
      if (wrapping) yield wrapping.before + wrapping.escape(start.replace(HEADER, ""));
    }
  } catch {
    return;
  } finally {
    ended();
    if (wrapping) yield wrapping.after;
    else if (start) yield wrapInEnvelope(start);
  }
}
