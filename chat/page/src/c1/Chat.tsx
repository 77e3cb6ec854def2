/** Thesys' client on this server's routes. The frame chooses the open chat; the client draws its messages. */

import "@crayonai/react-ui/styles/index.css";

import { newId } from "@plain/js/dom.js";
import { C1Chat, type C1Message, useThreadListManager, useThreadManager } from "@thesysai/genui-sdk";
import { useEffect, useState } from "react";
import type { Page } from "../state/page";
import { useStore } from "../state/store";
import { words } from "../words";
import { Answers } from "./answers";
import { wrapInEnvelope } from "./c1Envelope";
import { useDark } from "./useDark";
import { useRunningReply } from "./useRunningReply";

/** Upper bound of loaded message pages per chat, about fifty messages each: the client holds all of them in memory. */
const MAX_PAGES = 20;

const STARTERS = words.suggestions.map(([say]) => ({ displayText: say, prompt: say }));

export default function Chat({ page }: { page: Page }) {
  const { threadId } = useStore(page.conversation);
  const dark = useDark();
  const [answers] = useState(() => new Answers(page));
  const list = useThreadListManager({
    fetchThreadList: async () => [],
    createThread: async () => ({ threadId: newId(), title: "", createdAt: new Date() }),
    deleteThread: async () => undefined,
    updateThread: async (thread) => thread,
    onSelectThread: () => undefined,
    onSwitchToNew: () => undefined,
  });
  const thread = useThreadManager({
    threadListManager: list,
    loadThread: (threadId) => loadMessages(page, threadId),
    onUpdateMessage: ({ message }) => answers.keep(message),
    processMessage: (sent) => answers.ask(sent),
  });
  useEffect(() => {
    if (threadId === list.selectedThreadId) return;
    if (threadId === null) list.switchToNewThread();
    else list.selectThread(threadId);
  }, [threadId]);
  useRunningReply(page, thread, answers);
  useEffect(() => {
    // The client gives these elements no accessible names.
    const field = document.querySelector("#scroller.c1 textarea");
    field?.setAttribute("aria-label", words.message);
    field?.parentElement?.querySelector("button")?.setAttribute("aria-label", thread.isRunning ? words.stop : words.send);
  });
  return (
    <C1Chat
      threadManager={thread}
      threadListManager={list}
      formFactor="side-panel"
      agentName={words.site}
      logoUrl="/static/chat/icon.svg"
      theme={{ mode: dark ? "dark" : "light" }}
      welcomeMessage={{ title: words.welcome, description: words.welcomeMore }}
      conversationStarters={{ variant: "long", options: STARTERS }}
    />
  );
}

/** Load all messages of a thread; a running answer is included with its current text. */
async function loadMessages({ api }: Page, threadId: string): Promise<C1Message[]> {
  let { messages, hasMore } = await api.messages(threadId);
  for (let pages = 1; hasMore && pages < MAX_PAGES; pages += 1) {
    const earlier = await api.messages(threadId, { before: messages[0]?.id });
    messages = [...earlier.messages, ...messages];
    ({ hasMore } = earlier);
  }
  return messages.map(({ id, role, content }) => ({ id, role, content: role === "assistant" ? wrapInEnvelope(String(content)) : content }));
}
