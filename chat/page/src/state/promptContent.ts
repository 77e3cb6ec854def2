/** The content of a prompt: text, and parts for pictures and files. */

import { holdsMarker, wrap } from "@plain/js/envelope.js";
import type { Attachment } from "./apiTypes";
import { isPicture } from "./pictures";

/** Models that read C1's envelopes; any other model gets the bare text, unless form values go with it. */
const ENVELOPED = new Set(["c1"]);

type Part = { type?: string };
type Content = string | object[];

/** Return a typed text as content. `context` is C1's context of a click or a form. */
export function promptContent(typed: string, model: string, context: unknown[] | null = null, attachments: Attachment[] = []): Content {
  const text = isWrapped(typed, model) || context?.[1] ? wrap(typed, context) : typed;
  const shown = attachments.map(partOf);
  return shown.length ? [{ type: "text", text }, ...shown] : text;
}

/** The name goes along for the page's own use: the server knows the file by its id. */
function partOf({ attachmentId, contentType, name, url }: Attachment) {
  if (isPicture(contentType)) return { type: "image_url", image_url: { url } };
  return { type: "file", file: { file_id: attachmentId, filename: name } };
}

/** Return the content with another text; pictures and files stay. */
export function withText(content: unknown, typed: string, model: string): Content {
  const text = isWrapped(typed, model) ? wrap(typed) : typed;
  const kept = Array.isArray(content) ? content.filter((part: Part) => part.type !== "text") : [];
  return kept.length ? [{ type: "text", text }, ...kept] : text;
}

/** Return true if a text needs an envelope: for the model, or because it looks like sections. */
function isWrapped(typed: string, model: string) {
  return ENVELOPED.has(model) || holdsMarker(typed);
}
