/** Thesys' client on this server's routes: which chat is open is the frame's business, what is in it the client's. */

import "@crayonai/react-ui/styles/index.css";

import { newId } from "@plain/js/dom.js";
import { C1Chat, type C1Message, useThreadListManager, useThreadManager } from "@thesysai/genui-sdk";
import { useEffect, useState } from "react";
import type { Page } from "../state/page";
import { useStore } from "../state/store";
import { words } from "../words";
import { Answers } from "./answers";
import { drawn } from "./drawable";
import { useDark } from "./useDark";
import { useFollowed } from "./useFollowed";

/** Pages of messages that are loaded of one chat, some fifty messages each. */
const MOST = 20;

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
    loadThread: (wanted) => loaded(page, wanted),
    onUpdateMessage: ({ message }) => answers.keep(message),
    processMessage: (sent) => answers.ask(sent),
  });
  useEffect(() => {
    if (threadId === list.selectedThreadId) return;
    if (threadId === null) list.switchToNewThread();
    else list.selectThread(threadId);
  }, [threadId]);
  useFollowed(page, thread, answers);
  useEffect(() => {
    // The client leaves them without names.
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

/** All that was said; of an answer that is still coming, what there is of it. */
async function loaded({ api }: Page, threadId: string): Promise<C1Message[]> {
  let { messages, hasMore } = await api.messages(threadId);
  for (let pages = 1; hasMore && pages < MOST; pages += 1) {
    const earlier = await api.messages(threadId, messages[0]?.id);
    messages = [...earlier.messages, ...messages];
    ({ hasMore } = earlier);
  }
  return messages.map(({ id, role, content }) => ({ id, role, content: role === "assistant" ? drawn(String(content)) : content }));
}
