/** The server's JSON, as documented in `docs/reference/`. */

export type Status = "sending" | "queued" | "streaming" | "done" | "failed" | "stopped" | "interrupted";

export interface Thread {
  threadId: string;
  title: string;
  createdAt: string;
  updatedAt: string;
  archived: boolean;
  model: string | null;
  activeResponseId: string | null;
}

/** A thread in search results; `ranges` count code points, not UTF-16 units. */
export interface ThreadSearchResult extends Thread {
  excerpt?: { text: string; ranges: [number, number][] };
}

export interface ThreadQuery {
  q?: string;
  cursor?: string | null;
  archived?: "true" | "any";
}

export interface Thought {
  text: string;
  seconds: number | null;
}

export interface Message {
  id: string;
  role: "user" | "assistant";
  content: unknown;
  createdAt: string;
  status: Status;
  offset: number | null;
  versions: string[];
  feedback: { score: number } | null;
  thinking: Thought | null;
  tools: Tool[];
}

export interface MessagePage {
  messages: Message[];
  hasMore: boolean;
}

export interface Session {
  user: { username: string };
  guest: boolean;
  csrfToken: string;
  models: (string | { name: string })[];
  imageModels?: string[];
  /** The efforts that a prompt may ask of each model that offers any. */
  efforts?: Record<string, string[]>;
  demo: boolean;
}

export interface Share {
  shareId: string;
  url: string;
  createdAt: string;
  expiresAt: string | null;
}

export interface Attachment {
  attachmentId: string;
  url: string;
}

/** Form values as C1's clients store and send them: by form, then by field. */
export type FormState = Record<string, unknown>;

export interface ServerError {
  code: string;
  message: string;
  retryable: boolean;
}

export interface Start {
  status: Status;
}

export interface Tool {
  name: string;
  state: "started" | "done" | "failed";
}

export interface End {
  status: Status;
  finishReason: string | null;
  error: ServerError | null;
  keptOffset: number | null;
}
