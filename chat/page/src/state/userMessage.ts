/** A user's message: its text, its pictures and files, and the form values sent with it. */

import { unwrap } from "@plain/js/envelope.js";
import type { Attachment, Message } from "./apiTypes";
import { Store } from "./store";

/** Addresses of this server's pictures, the only ones drawn: any other would be a request to a third party. */
const OWN_PICTURE = /^\/api\/attachments\/[A-Za-z0-9._:-]+$/;

export class UserMessage extends Store {
  readonly kind = "user";
  readonly id: string;
  readonly content: unknown;
  readonly words: string;
  readonly fields: [string, string][];
  readonly pictures: string[];
  readonly files: MessageFile[];
  /** Its pictures and files as far as the server has them; null while their states are unknown. */
  attachments: Attachment[] | null;
  versions: string[];
  readonly running = false;

  constructor(message: Pick<Message, "id" | "content" | "versions" | "attachments">) {
    super();
    const { words, form } = unwrap(textOf(message.content));
    this.id = message.id;
    this.content = message.content;
    this.words = words;
    this.fields = Object.values(form ?? {}).flatMap(fieldsOf);
    this.pictures = partsOf(message.content).flatMap(pictureOf);
    this.files = partsOf(message.content).flatMap(fileOf);
    this.attachments = message.attachments ?? null;
    this.versions = message.versions;
  }

  update(message: Message) {
    this.versions = message.versions;
    this.attachments = message.attachments ?? null;
    this.changed();
  }

  leave() {}
}

/** A file as a message names it. */
export interface MessageFile {
  id: string;
  name: string;
}

interface Part {
  type?: string;
  file?: { file_id?: unknown; filename?: unknown };
  text?: unknown;
  image_url?: { url?: unknown };
}

const partsOf = (content: unknown): Part[] => (Array.isArray(content) ? content : []);

function textOf(content: unknown): string {
  if (!Array.isArray(content)) return String(content);
  return partsOf(content)
    .filter((part) => part.type === "text")
    .map((part) => String(part.text ?? ""))
    .join("\n");
}

function pictureOf(part: Part): string[] {
  const url = part.type === "image_url" ? part.image_url?.url : undefined;
  return typeof url === "string" && OWN_PICTURE.test(url) ? [url] : [];
}

function fileOf({ type, file }: Part): MessageFile[] {
  if (type !== "file" || typeof file?.file_id !== "string") return [];
  return [{ id: file.file_id, name: typeof file.filename === "string" ? file.filename : "" }];
}

function fieldsOf(fields: unknown): [string, string][] {
  if (fields === null || typeof fields !== "object") return [];
  return Object.entries(fields).map(([name, field]) => [name, shown((field as { value?: unknown })?.value)]);
}

function shown(value: unknown): string {
  if (value === null || typeof value !== "object") return String(value ?? "");
  if (Array.isArray(value)) return value.map(shown).join(", ");
  return Object.entries(value)
    .filter(([, chosen]) => chosen)
    .map(([name, chosen]) => (chosen === true ? name : shown(chosen)))
    .join(", ");
}
