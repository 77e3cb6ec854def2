/** Stand-in for Thesys' client in tests: the functions that its public guides name, with plain text instead of interfaces. */

import { createElement as make, useEffect, useRef, useState } from "react";

const shown = ({ id, role, content }) => (role === "user" ? { id, role, message: content } : { id, role, message: [{ templateProps: { content } }] });
const wordsOf = ({ message }) => (typeof message === "string" ? message : message[0].templateProps.content);
const wrapped = (words) => `<content thesys="true">${words}</content>`;

export function useThreadListManager() {
  const [selectedThreadId, select] = useState(null);
  return { selectedThreadId, selectThread: select, switchToNewThread: () => select(null), select };
}

export function useThreadManager({ threadListManager: list, loadThread, onUpdateMessage, processMessage }) {
  const [messages, setMessages] = useState([]);
  const [running, setRunning] = useState(null);
  const own = useRef(null);
  useEffect(() => {
    if (list.selectedThreadId === own.current) return;
    own.current = list.selectedThreadId;
    running?.abort();
    setMessages([]);
    if (list.selectedThreadId) loadThread(list.selectedThreadId).then((all) => setMessages(all.map(shown)));
  }, [list.selectedThreadId]);

  const send = async (words) => {
    const threadId = list.selectedThreadId ?? crypto.randomUUID();
    const responseId = crypto.randomUUID();
    const prompt = { id: crypto.randomUUID(), role: "user", content: wrapped(words) };
    const abortController = new AbortController();
    own.current = threadId;
    list.select(threadId);
    setRunning(abortController);
    setMessages((all) => [...all, shown(prompt), shown({ id: responseId, role: "assistant", content: "" })]);
    const response = await processMessage({ threadId, responseId, messages: [prompt], abortController });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let content = "";
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      content += piece.value;
      const message = shown({ id: responseId, role: "assistant", content });
      if (own.current === threadId) setMessages((all) => all.map((one) => (one.id === responseId ? message : one)));
    }
    setRunning(null);
  };
  const fill = (message) => onUpdateMessage({ message: { id: message.id, role: "assistant", content: `${wordsOf(message)}<context>[{"f":1}]</context>` } });
  return { messages, setMessages, isRunning: running !== null, send, fill, stop: () => running?.abort() };
}

export function C1Chat({ threadManager: thread, theme, logoUrl }) {
  const field = useRef(null);
  return make(
    "div",
    { className: "stand-in", "data-mode": theme.mode, "data-logo": logoUrl },
    ...thread.messages.map((message) =>
      make("article", { key: message.id, className: message.role, onClick: () => thread.fill(message) }, wordsOf(message)),
    ),
    make("textarea", { ref: field }),
    make("button", { type: "button", onClick: () => (thread.isRunning ? thread.stop() : void thread.send(field.current.value)) }),
  );
}
