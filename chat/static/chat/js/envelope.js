/** C1's envelopes and OpenUI's sections: wrap prompts, and parse replies that may be cut anywhere. */

const NAMES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const CHARACTERS = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", "#39": "'", "#x27": "'" };
const TAGS = ["thinkitem", "content", "context", "custommarkdown", "artifact"];
/** A line that begins a section: `]]>openui:content?thesys=true`. */
const MARKER = /^\]\]>openui:([a-z]+)(?:\?.*|\r?)$/gm;
/** The start of such a line at the end of a text. */
const TORN_MARKER = /(^|\n)\]\]>o(p(e(n(u(i:?)?)?)?)?)?$/;
/** Bare openui-lang, in whose strings no markup begins an envelope. */
const PROGRAM = /^\s*root\s*=/;
const STORED_FORM = /\n<context>[^<]*<\/context>\s*$/;
const OPENING = /<(thinkitem|content|context|custommarkdown|artifact)(\s[^<>]{0,300})?>/g;
const ARTIFACT = /<(artifact)(\s[^<>]{0,300}id=[^<>]{0,300})>/g;
/** Ends the body of an artifact whose end is missing. */
const CUT_MARK = "<cut/>";

export const escape = (text) => text.replace(/[&<>"']/g, (character) => NAMES[character]);

export const unescape = (text) =>
  text.replace(/&(amp|lt|gt|quot|apos|#39|#x27);/g, (_, name) => CHARACTERS[name]);

/** Wrap a user's text for a model that reads C1; `context` is `[click, {form: {field: …}}]`. */
export function wrap(words, context = null) {
  const envelope = `<content thesys="true">${escape(words)}</content>`;
  return context ? `${envelope}<context>${escape(JSON.stringify(context))}</context>` : envelope;
}

/** Return true if a user's text would be read as sections without an envelope around it. */
export const holdsMarker = (words) => words.includes("]]>openui:");

/** Return a user's content, enveloped or not, as `{words, form}`; `form` is `{form: {field: {value}}}` or null. */
export function unwrap(content) {
  if (Array.isArray(content)) return { words: content.map(partWords).join("\n"), form: null };
  const pieces = segments(String(content));
  const inside = pieces.filter((piece) => piece.kind === "content");
  const words = (inside.length ? inside : pieces.filter((piece) => piece.kind === "text")).map((piece) => piece.text);
  return { words: words.join("\n"), form: formOf(pieces) };
}

const partWords = (part) => (part?.type === "text" ? String(part.text ?? "") : "[image]");

function formOf(pieces) {
  const context = pieces.find((piece) => piece.kind === "context");
  if (!context) return null;
  try {
    const form = JSON.parse(context.text).find((item) => item && typeof item === "object");
    return form && Object.keys(form).length ? form : null;
  } catch {
    return null;
  }
}

/** Return the form values stored with a reply, or null. */
export const storedForm = (reply) => formOf(segments(reply));

/** Return a reply with its stored form values replaced. */
export const withForm = (reply, form) =>
  reply.replace(/\s*<context>[^<]*(<\/context>)?\s*$/, "") + `\n<context>${escape(JSON.stringify([form]))}</context>`;

/**
 * Return a reply's segments in order: `{kind: "step", title, text, ephemeral}`, `{kind: "content"|"text"|"context", text, cut}`,
 * unescaped; those of an artifact, which may stand in a content, share an object `artifact: {kind, whole}`. An envelope without an end, as in a running stream, reaches to the end of the text.
 */
export function segments(reply) {
  const pieces = [];
  let kind = "";
  let at = 0;
  for (const marker of reply.matchAll(MARKER)) {
    pieces.push(...section(kind, reply.slice(at, marker.index).replace(/\r?\n$/, "")));
    kind = marker[1];
    // Behind `end` stand the form values that the page stored, which begin with a line break.
    at = marker.index + marker[0].length + (kind === "end" ? 0 : 1);
  }
  return [...pieces, ...section(kind, reply.slice(at).replace(TORN_MARKER, ""))];
}

function section(kind, body) {
  if (kind === "context" && isList(body)) return [{ kind, text: body, cut: false }];
  return PROGRAM.test(body) ? programPieces(body) : envelopePieces(body);
}

function isList(json) {
  try {
    return Array.isArray(JSON.parse(json));
  } catch {
    return false;
  }
}

function programPieces(body) {
  const start = STORED_FORM.test(body) ? body.lastIndexOf("\n<context>") : body.length;
  const program = { kind: "text", text: body.slice(0, start), cut: false };
  return start < body.length ? [program, ...envelopePieces(body.slice(start))] : [program];
}

function envelopePieces(reply) {
  const pieces = [];
  let at = 0;
  OPENING.lastIndex = 0;
  for (let tag = OPENING.exec(reply); tag; tag = OPENING.exec(reply)) {
    // Prose may mention the tag.
    if (tag[1] === "artifact" && !/\sid=/.test(tag[2] ?? "")) continue;
    pushText(pieces, reply.slice(at, tag.index));
    const end = reply.indexOf(`</${tag[1]}>`, OPENING.lastIndex);
    const body = reply.slice(OPENING.lastIndex, end < 0 ? undefined : end);
    if (tag[1] === "artifact") pieces.push(...artifactPieces(tag[2], body, end < 0));
    else if (tag[1] === "content" && body.includes("artifact")) pieces.push(...contentPieces(body, end < 0));
    else pieces.push(piece(tag[1], tag[2] ?? "", body, end < 0));
    at = end < 0 ? reply.length : end + tag[1].length + 3;
    OPENING.lastIndex = at;
  }
  pushText(pieces, withoutTornTag(reply.slice(at)));
  return pieces;
}

/** Return the pieces of a content that may hold artifacts, escaped with it or not. */
function contentPieces(body, cut) {
  const raw = body.search(ARTIFACT) >= 0;
  const text = raw ? body : unescape(cut ? withoutTornEnd(body) : body);
  const pieces = [];
  let at = 0;
  for (const tag of text.matchAll(ARTIFACT)) {
    if (tag.index < at) continue;
    pushContent(pieces, text.slice(at, tag.index), raw, false);
    const start = tag.index + tag[0].length;
    const end = text.indexOf("</artifact>", start);
    pieces.push(...artifactPieces(tag[2], text.slice(start, end < 0 ? undefined : end), end < 0));
    at = end < 0 ? text.length : end + "</artifact>".length;
  }
  pushContent(pieces, text.slice(at), raw, cut);
  return pieces;
}

function pushContent(pieces, text, raw, cut) {
  if (text.trim() || !pieces.length) pieces.push({ kind: "content", text: raw ? unescape(text) : text, cut });
}

/** Return an artifact's pieces: its own envelopes, or one content. */
function artifactPieces(attributes, body, cut) {
  const marked = body.endsWith(CUT_MARK);
  const inner = marked ? body.slice(0, -CUT_MARK.length) : body;
  const artifact = { kind: /type="([^"]*)"/.exec(attributes)?.[1] ?? "", whole: !cut && !marked };
  const pieces = /^\s*<content/.test(inner) ? envelopePieces(inner) : [piece("content", "", inner, cut)];
  return pieces.map((one) => ({ ...one, artifact }));
}

/** Return true if a page shows this step: ephemeral ones while the answer runs, without the server's own notes on thought and tools. */
export const isShown = ({ title, text, ephemeral }, running) =>
  !ephemeral || (running && title !== "Using a tool" && text !== "The model is thinking.");

function pushText(pieces, text) {
  if (text.trim()) pieces.push({ kind: "text", text, cut: false });
}

function piece(tag, attributes, body, cut) {
  if (tag === "thinkitem") return step(attributes, body, cut);
  const kind = tag === "custommarkdown" ? "text" : tag;
  return { kind, text: unescape(cut ? withoutTornEnd(body) : body), cut };
}

function step(attributes, body, cut) {
  const inner = (name) => {
    const start = body.indexOf(`<${name}>`);
    if (start < 0) return "";
    const rest = body.slice(start + name.length + 2);
    return unescape(withoutTornEnd(rest.split(`</${name}>`, 1)[0]));
  };
  const ephemeral = /ephemeral="true"/.test(attributes);
  return { kind: "step", title: inner("thinkitemtitle"), text: inner("thinkitemcontent"), ephemeral, cut };
}

/** Drop unfinished markup at the end: inside an envelope every `<` and `&` begins markup. */
const withoutTornEnd = (body) => body.replace(/<[^<>]{0,40}$/, "").replace(/&[#a-z0-9]{0,5}$/i, "");

function withoutTornTag(text) {
  const start = text.lastIndexOf("<");
  if (start < 0 || text.length - start > 300) return text;
  const torn = /^<([a-z]*)(\s[^>]*)?$/.exec(text.slice(start));
  const known = torn && TAGS.some((tag) => (torn[2] === undefined ? tag.startsWith(torn[1]) : tag === torn[1]));
  return known ? text.slice(0, start) : text;
}
