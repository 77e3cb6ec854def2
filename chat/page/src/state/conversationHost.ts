/** The parts of the page that a conversation needs. */

import type { ChatClient, SendOptions } from "chat-client";
import type { PageOutbox } from "./pageOutbox";
import type { Reply } from "./reply";

export interface ConversationHost {
  api: ChatClient;
  outbox: PageOutbox;
  /** The account's name; empty for a guest, or while it is not known. */
  owner(): string;
  model(): string;
  /** The effort to ask for, if the model offers any. */
  effort(): string | undefined;
  /** Further fields of the prompt that begins a thread. */
  beginning(): SendOptions;
  created(threadId: string, typed: string): void;
  accepted(): void;
  /** The first prompt of a new chat was refused: return its text to the field, at once if it cannot be sent as it is. */
  refused(typed: string, shown: boolean): void;
  failed(problem: unknown): void;
  /** A running answer of the open chat has ended. */
  ended(reply: Reply): void;
  /** A running answer of the open chat waits for the user. */
  asked(reply: Reply): void;
}
