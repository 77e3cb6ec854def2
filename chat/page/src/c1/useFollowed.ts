/** Lets an answer grow that was coming already when its chat was opened: the frame follows it and the client is told. */

import type { Shown, ThreadManager } from "@thesysai/genui-sdk";
import { useEffect, useRef } from "react";
import type { Page } from "../state/page";
import type { Reply } from "../state/reply";
import { useStore } from "../state/store";
import type { Answers } from "./answers";
import { drawn } from "./drawable";

export function useFollowed(page: Page, thread: ThreadManager, answers: Answers) {
  const { running } = useStore(page.conversation);
  const reply = running.find(({ id }) => !answers.asks(id));
  const latest = useRef(thread);
  latest.current = thread;
  useEffect(() => {
    if (!reply) return;
    const show = () => {
      const { messages, setMessages } = latest.current;
      // Before the chat is loaded it would put nothing in the place of what is just coming in.
      if (messages.some(({ id }) => id === reply.id)) setMessages(messages.map((message) => said(message, reply)));
    };
    show();
    const leave = reply.subscribe(show);
    return () => void leave();
  }, [reply, thread.messages.length]);
}

/** The message as it is, or with the words that its answer has by now. */
function said(message: Shown, { id, text }: Reply): Shown {
  const [part] = Array.isArray(message.message) ? message.message : [];
  if (message.id !== id || !part?.templateProps) return message;
  return { ...message, message: [{ ...part, templateProps: { ...part.templateProps, content: drawn(text) } }] };
}
