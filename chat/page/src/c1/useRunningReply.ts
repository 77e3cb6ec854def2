/** Show the growing text of an answer that ran when its chat was opened: the frame follows it and updates the client. */

import type { Shown, ThreadManager } from "@thesysai/genui-sdk";
import { useEffect, useRef } from "react";
import type { Page } from "../state/page";
import type { Reply } from "../state/reply";
import { useStore } from "../state/store";
import type { Answers } from "./answers";
import { wrapInEnvelope } from "./c1Envelope";

export function useRunningReply(page: Page, thread: ThreadManager, answers: Answers) {
  const { running } = useStore(page.conversation);
  const reply = running.find(({ id }) => !answers.asks(id));
  const latest = useRef(thread);
  latest.current = thread;
  useEffect(() => {
    if (!reply) return;
    const show = () => {
      const { messages, setMessages } = latest.current;
      // Before the chat is loaded this would overwrite the arriving messages with an empty list.
      if (messages.some(({ id }) => id === reply.id)) setMessages(messages.map((message) => withCurrentText(message, reply)));
    };
    show();
    const leave = reply.subscribe(show);
    return () => void leave();
  }, [reply, thread.messages.length]);
}

/** Return the message with the reply's current text if it is the reply's message, else unchanged. */
function withCurrentText(message: Shown, { id, text }: Reply): Shown {
  const [part] = Array.isArray(message.message) ? message.message : [];
  if (message.id !== id || !part?.templateProps) return message;
  return { ...message, message: [{ ...part, templateProps: { ...part.templateProps, content: wrapInEnvelope(text) } }] };
}
