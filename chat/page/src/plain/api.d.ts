/** Types of `chat/static/chat/js/api.js`. */

import type { Attachment, ThreadSearchResult, MessagePage, Session, Share, Thread, ThreadQuery } from "../state/apiTypes";

export declare class Problem extends Error {
  constructor(status: number, body: { detail?: string; code?: string; quota?: string }, retryAfter: number);
  status: number;
  code: string;
  quota: string;
  retryAfter: number | null;
  readonly passing: boolean;
}

export declare class Api {
  session(): Promise<Session>;
  send(body: object, signal: AbortSignal): Promise<Response>;
  stream(responseId: string, cursors: { offset: number; thinkingOffset: number }, signal: AbortSignal): Promise<Response>;
  stop(responseId: string, offset: number): Promise<Response>;
  regenerate(responseId: string, body: object, signal: AbortSignal): Promise<Response>;
  threads(query?: ThreadQuery): Promise<{ threads: ThreadSearchResult[]; nextCursor: string | null }>;
  thread(threadId: string): Promise<Thread>;
  messages(threadId: string, before?: string): Promise<MessagePage>;
  change(threadId: string, change: { title?: string; archived?: boolean; leaf?: string }): Promise<Thread>;
  remove(threadId: string): Promise<Response>;
  replace(threadId: string, messageId: string, content: string): Promise<Response>;
  rate(threadId: string, messageId: string, score: number): Promise<Response>;
  shares(threadId: string): Promise<{ shares: Share[] }>;
  share(threadId: string): Promise<Share>;
  unshare(threadId: string, shareId: string): Promise<Response>;
  exportOf(threadId: string, format: "markdown" | "json"): string;
  attach(file: File): Promise<Attachment>;
}
