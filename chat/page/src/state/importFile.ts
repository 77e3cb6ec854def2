/** Import of an export file: read in the browser, and sent in pieces that the server takes. */

import type { ChatClient } from "chat-client";
import { BYTES_PER_MB } from "../format";
import type { ImportResult } from "./apiTypes";

/** Bytes of a piece, below the server's limit of 8 MiB. */
const PIECE_BYTES = 6 * BYTES_PER_MB;
/** Chats in a piece, below the server's limit of 1,000. */
const PIECE_CHATS = 200;

/** A file that is no JSON, or a chat that is larger than the server takes. */
export class UnreadableFile extends Error {}

/** Send the chats of a file; a repeat sends all again, and the server knows those that it has. */
export async function importFile(api: ChatClient, file: File, progress: (done: number, count: number) => void): Promise<ImportResult> {
  const chats = chatsOf(await file.text());
  const total: ImportResult = { threads: [], known: 0, empty: 0 };
  let done = 0;
  for (const piece of piecesOf(chats)) {
    progress(done, chats.length);
    const result = await api.importChats(piece.body);
    total.threads.push(...result.threads);
    total.known += result.known;
    total.empty += result.empty;
    done += piece.count;
  }
  return total;
}

/** Return the chats of an export: a list, or our own file with one chat or many. */
function chatsOf(text: string): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UnreadableFile();
  }
  if (Array.isArray(value)) return value;
  const { thread, threads } = Object(value) as { thread?: unknown; threads?: unknown };
  // Anything else is for the server to refuse, with the reason.
  return thread ? [thread] : Array.isArray(threads) ? threads : [value];
}

function* piecesOf(chats: unknown[]): Generator<{ body: unknown[]; count: number }> {
  let body: unknown[] = [];
  let size = 0;
  for (const chat of chats) {
    const bytes = new Blob([JSON.stringify(chat)]).size;
    if (body.length && (size + bytes > PIECE_BYTES || body.length >= PIECE_CHATS)) {
      yield { body, count: body.length };
      body = [];
      size = 0;
    }
    body.push(chat);
    size += bytes;
  }
  if (body.length) yield { body, count: body.length };
}
