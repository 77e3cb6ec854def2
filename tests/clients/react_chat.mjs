// The AI SDK's `useChat` and assistant-ui's two runtimes, in React. Arguments: server, token, thread, scene.
import { Window } from "happy-dom";

const [server, token, thread, scene] = process.argv.slice(2);
const api = `${server}/api/ai-sdk/chat`;
const headers = { Authorization: `Bearer ${token}` };

// React draws into a document; requests go by Node's own `fetch`.
const window = new Window({ url: server });
globalThis.navigator ??= window.navigator;
Object.assign(globalThis, { window, document: window.document });

const { createElement, useEffect } = await import("react");
const { createRoot } = await import("react-dom/client");
const { useChat } = await import("@ai-sdk/react");
const { DefaultChatTransport } = await import("ai");
const { AssistantRuntimeProvider } = await import("@assistant-ui/react");
const { useChatRuntime, AssistantChatTransport } = await import("@assistant-ui/react-ai-sdk");
const { useDataStreamRuntime } = await import("@assistant-ui/react-data-stream");

const say = (value) => console.log(JSON.stringify(value));

// Return what a hook returns, kept up to date; `until` resolves when a condition holds after some rendering.
function render(hook, provide = (_, children) => children) {
  const kept = { current: undefined, until: undefined };
  const waiting = new Set();
  const check = () => waiting.forEach((one) => one());
  function Probe() {
    kept.current = hook();
    useEffect(check);
    return provide(kept.current, null);
  }
  const root = createRoot(window.document.body.appendChild(window.document.createElement("div")));
  root.render(createElement(Probe));
  kept.until = (holds) =>
    new Promise((resolve) => {
      const one = () => {
        if (kept.current === undefined || !holds(kept.current)) return;
        waiting.delete(one);
        resolve(kept.current);
      };
      waiting.add(one);
      one();
    });
  kept.check = check;
  return kept;
}

const partsOf = (parts) =>
  parts.flatMap((part) => {
    if (part.type === "text" || part.type === "reasoning") return [`${part.type}: ${part.text}`];
    if (part.type === "tool-call") return [`tool-${part.toolName}: ${JSON.stringify(part.result)}`];
    return part.toolCallId ? [`${part.type}: ${part.state}`] : [];
  });

// useChat

const chatShown = ({ messages }) => messages.map(({ parts }) => partsOf(parts));
const openChat = (messages = [], resume = false) =>
  render(() => useChat({ id: thread, messages, resume, transport: new DefaultChatTransport({ api, headers }) }));

async function hook() {
  const chat = openChat();
  await chat.until(() => true);
  for (const text of ["One", "Two"]) {
    await chat.current.sendMessage({ text });
    say(chatShown(await chat.until(({ status }) => status === "ready")));
  }
  await chat.current.regenerate();
  say(chatShown(await chat.until(({ status }) => status === "ready")));
}

async function resume() {
  const first = openChat();
  await first.until(() => true);
  void first.current.sendMessage({ text: "Hi" });
  const has = (text) => (chat) => chatShown(chat).at(-1)?.at(-1) === text;
  await first.until(has("text: Hel"));
  const second = openChat(first.current.messages.slice(0, 1), true);
  await second.until(has("text: Hel"));
  say("resumed");
  for (const chat of [first, second]) say(chatShown(await chat.until(({ status }) => status === "ready")));
}

// Tell the reply of a chat that runs already, after each change.
async function attach() {
  const chat = openChat([], true);
  const words = (one) => chatShown(one).at(-1)?.at(-1)?.replace("text: ", "") ?? "";
  let told = "";
  while (true) {
    const now = await chat.until((one) => words(one) !== told || (told && one.status === "ready"));
    if (words(now) === told) break;
    say((told = words(now)));
  }
}

// assistant-ui

const runtimeShown = (runtime) => runtime.thread.getState().messages.map(({ content }) => partsOf(content));
const provide = (runtime, children) => createElement(AssistantRuntimeProvider, { runtime }, children);
const runtimes = {
  runtime: () => useChatRuntime({ transport: new AssistantChatTransport({ api, headers }) }),
  stream: () => useDataStreamRuntime({ api, headers, body: { threadId: thread } }),
};

async function converse(useRuntime) {
  const kept = render(useRuntime, provide);
  const { thread: chat } = await kept.until(() => true);
  chat.subscribe(kept.check);
  const idle = (count) => (runtime) => {
    const { messages, isRunning } = runtime.thread.getState();
    const ended = messages.at(-1)?.status?.type;
    return !isRunning && messages.length === count && ended !== "running";
  };
  const after = async (count) => say(runtimeShown(await kept.until(idle(count))));
  chat.append("One");
  await after(2);
  chat.append("Two");
  await after(4);
  chat.getMessageByIndex(2).composer.beginEdit();
  chat.getMessageByIndex(2).composer.setText("Two!");
  chat.getMessageByIndex(2).composer.send();
  await kept.until((runtime) => runtimeShown(runtime)[2]?.[0] === "text: Two!");
  await after(4);
  chat.getMessageByIndex(3).reload();
  await kept.until((runtime) => !idle(4)(runtime));
  await after(4);
}

async function cancel(useRuntime) {
  const kept = render(useRuntime, provide);
  const { thread: chat } = await kept.until(() => true);
  chat.subscribe(kept.check);
  chat.append("Hi");
  await kept.until((runtime) => runtimeShown(runtime).at(-1)?.[0] === "text: Half");
  say("begun");
  const ended = await kept.until((runtime) => !runtime.thread.getState().isRunning);
  say(ended.thread.getState().messages.at(-1).status);
}

const scenes = { hook, resume, attach };
for (const [name, useRuntime] of Object.entries(runtimes)) {
  scenes[name] = () => converse(useRuntime);
  scenes[`${name}-cut`] = () => cancel(useRuntime);
}
await scenes[scene]();
process.exit(0);
