/** The unsent text and files of the field, stored per chat. */

import { recall, remember } from "@plain/js/storage.js";
import type { Attachment } from "./apiTypes";
import { isPicture } from "./pictures";
import { Store } from "./store";

/** A file beside the text. One without `attachment` and without `problem` is on its way to the server. */
export interface DraftFile {
  key: string;
  name: string;
  /** The type that the browser gives it. */
  contentType: string;
  /** Share of the file that the server has, from 0 to 1. */
  progress: number;
  attachment: Attachment | null;
  /** The reason why it is not sent; empty for none. */
  problem: string;
}

/** Return true while the server reads the text of a file that it has. */
export const isBeingRead = ({ attachment, problem }: DraftFile) => attachment?.state === "reading" && !problem;

/** Return true for a picture, by its content where the server has it: a model may take none. */
export const isPictureFile = ({ attachment, contentType }: DraftFile) => isPicture(attachment?.contentType ?? contentType);

export class Draft extends Store {
  text = "";
  files: DraftFile[] = [];
  #key = "draft.new";
  /** Files that the server does not have, of chats that are not shown, by the key of their draft. */
  #elsewhere = new Map<string, DraftFile[]>();
  /** The key under which a refused text was stored again. */
  #returned: string | null = null;

  /** Show the draft of a thread; null for a new chat. Uploads of the one before go on. */
  switchTo(threadId: string | null) {
    this.#elsewhere.set(this.#key, this.files.filter(({ attachment }) => !attachment));
    this.#key = `draft.${threadId ?? "new"}`;
    this.text = recall(this.#key);
    this.files = [...storedFiles(this.#key), ...(this.#elsewhere.get(this.#key) ?? [])];
    this.#elsewhere.delete(this.#key);
    this.changed();
  }

  /** Store the draft under a new thread's id from now on; text and files stay. */
  rename(threadId: string) {
    this.#key = `draft.${threadId}`;
    this.#store();
  }

  write(text: string) {
    this.text = text;
    remember(this.#key, text);
    this.changed();
  }

  add(file: DraftFile) {
    this.files = [...this.files, file];
    this.#filesChanged();
  }

  /** Change a file that is still there, also one of a chat that is not shown. */
  update(key: string, change: Partial<DraftFile>) {
    const changed = (files: DraftFile[]) => files.map((file) => (file.key === key ? { ...file, ...change } : file));
    const [draft, files] = [...this.#elsewhere].find(([, files]) => files.some((file) => file.key === key)) ?? [];
    if (draft) this.#keep(draft, changed(files ?? []));
    this.files = changed(this.files);
    this.#filesChanged();
  }

  drop(key: string) {
    this.files = this.files.filter((file) => file.key !== key);
    this.#filesChanged();
  }

  /** True while a file is on its way to the server, or being read there. */
  get uploading() {
    return this.files.some((file) => (!file.attachment && !file.problem) || isBeingRead(file));
  }

  /** Empty the field. The draft stays stored until `stored` is called: the outbox has it then. */
  take() {
    const key = this.#key;
    const taken = { text: this.text.trim(), attachments: this.files.flatMap(({ attachment }) => attachment ?? []) };
    this.text = "";
    this.files = [];
    this.changed();
    const stored = () => {
      if (key !== this.#key || !(this.text || this.files.length)) forget(key);
    };
    return { ...taken, stored };
  }

  /** Store a text again that the server refused; `shown`: put it into the field too, to be changed. */
  refused(text: string, shown: boolean) {
    if (this.text) return;
    this.#returned = this.#key;
    remember(this.#key, text);
    if (shown) this.text = text;
    this.changed();
  }

  /** Delete a returned text: the server has accepted it at last. */
  accepted() {
    if (this.#returned && (this.#returned !== this.#key || !this.text)) forget(this.#returned);
    this.#returned = null;
  }

  #filesChanged() {
    this.#store();
    this.changed();
  }

  /** Store those files of a draft that is not shown which the server has by now; keep the others. */
  #keep(draft: string, files: DraftFile[]) {
    this.#elsewhere.set(draft, files.filter(({ attachment }) => !attachment));
    store(draft, [...storedFiles(draft), ...files.filter(({ attachment }) => attachment)]);
  }

  #store() {
    remember(this.#key, this.text);
    store(this.#key, this.files.filter(({ attachment }) => attachment));
  }
}

const filesKey = (key: string) => `${key}.files`;

const store = (key: string, files: DraftFile[]) => remember(filesKey(key), files.length ? JSON.stringify(files) : "");

function forget(key: string) {
  remember(key, "");
  remember(filesKey(key), "");
}

function storedFiles(key: string): DraftFile[] {
  try {
    return JSON.parse(recall(filesKey(key)) || "[]") as DraftFile[];
  } catch {
    return [];
  }
}
