/** The server's JSON, as the client declares it, with the states that only the page knows. */

import type * as Server from "chat-client";

export type { StreamEnd as End, ArtifactDetail, Attachment, AttachmentText, Budget, ImportResult, MessagePage, ServerConnection, ServerError, ServerPrompt, Session, Share, Thought, Thread, ThreadQuery, ThreadSearchResult, Token, Tool, ToolProgress } from "chat-client";

/** `sending`: the server has not accepted the prompt yet. */
export type Status = "sending" | Server.ResponseStatus;

export interface Message extends Omit<Server.Message, "status"> {
  status: Status;
}

/** Form values as C1's clients store and send them: by form, then by field. */
export type FormState = Record<string, unknown>;
