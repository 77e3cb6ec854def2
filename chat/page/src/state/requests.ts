/** The requests of one answer to a person: those that are open, and how the others ended. */

import { announce } from "@plain/js/announce.js";
import type { AnswerFields, ChatClient, EndedRequest, PersonRequest, RequestOutcome } from "chat-client";
import { words } from "../words";
import type { Tool } from "./apiTypes";
import { toolWords } from "./toolNames";

/** How a request ended; who answered and when are known of those that the server lists. */
export interface Ended {
  requestId: string;
  callId: string;
  tool: string;
  outcome: RequestOutcome;
  answeredAt?: string;
  answeredBy?: string | null;
}

/** The outcomes after which a call does not run. */
const REFUSED = new Set<RequestOutcome>(["rejected", "expired", "cancelled"]);

/** The outcomes that a person can give. */
export type Given = "approved" | "rejected" | "answered";

export class Requests {
  open: PersonRequest[] = [];
  ended: Ended[];
  #api: ChatClient;
  #responseId: string;
  #changed: () => void;

  constructor(api: ChatClient, responseId: string, ended: EndedRequest[], changed: () => void) {
    this.ended = ended;
    this.#api = api;
    this.#responseId = responseId;
    this.#changed = changed;
  }

  /** Return true if a card or a line shows all there is about a call: it waits for the user, or the user did not allow it. */
  covers({ id, name, state }: Tool): boolean {
    // A later round may use the id of a call again.
    const isItsOwn = ({ callId, tool }: { callId: string; tool: string }) => callId === id && tool === name;
    if (state === "started") return this.open.some(isItsOwn);
    return state === "failed" && this.ended.some((one) => isItsOwn(one) && REFUSED.has(one.outcome));
  }

  /** Replace the ended requests by those that the server lists; one that it does not list stays. */
  update(listed: EndedRequest[]) {
    const ids = new Set(listed.map(({ requestId }) => requestId));
    this.ended = [...listed, ...this.ended.filter(({ requestId }) => !ids.has(requestId))];
  }

  /** Add a request. Return false for one that is known: a stream that was resumed repeats it. */
  add(request: PersonRequest): boolean {
    const known: { requestId: string }[] = [...this.open, ...this.ended];
    if (known.some(({ requestId }) => requestId === request.requestId)) return false;
    this.open = [...this.open, request];
    announce(words.requests[request.by ?? "asks"](toolWords(request.tool)));
    return true;
  }

  /** Note how a request ended, here or in another tab. */
  close(requestId: string, outcome: RequestOutcome) {
    const asked = this.open.find((one) => one.requestId === requestId);
    if (!asked) return;
    this.open = this.open.filter((one) => one !== asked);
    this.ended = [...this.ended, { requestId, callId: asked.callId, tool: asked.tool, outcome }];
    announce(words.requests.outcomes[outcome](toolWords(asked.tool)));
    this.#changed();
  }

  /** The answer has ended: nothing can be answered any more. */
  end() {
    const cancelled = this.open.map(({ requestId, callId, tool }) => ({ requestId, callId, tool, outcome: "cancelled" as const }));
    this.ended = [...this.ended, ...cancelled];
    this.open = [];
  }

  /** Answer a request. Throw a `ProblemError` if the server refuses. */
  async answer(asked: PersonRequest, outcome: Given, fields: AnswerFields) {
    await this.#api.answer(this.#responseId, asked.requestId, outcome, fields);
    this.close(asked.requestId, outcome);
  }
}
