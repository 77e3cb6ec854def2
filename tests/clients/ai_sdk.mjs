// The AI SDK's own chat on its default transport. Arguments: server, token, package, thread, scene.
import { State } from "./chat_state.mjs";

const [server, token, name, thread, scene] = process.argv.slice(2);
const { AbstractChat, DefaultChatTransport, safeValidateUIMessages } = await import(name);

const api = `${server}/api/ai-sdk/chat`;
const headers = { Authorization: `Bearer ${token}` };

class Chat extends AbstractChat {
  constructor(messages = [], changed = () => {}) {
    const transport = new DefaultChatTransport({ api, headers });
    super({ id: thread, transport, state: new State(messages, () => changed(this)) });
  }
}

const shown = ({ parts }) =>
  parts.flatMap((part) => {
    if (part.type === "text" || part.type === "reasoning") return [`${part.type}: ${part.text}`];
    return part.toolCallId ? [`${part.type}: ${part.state}`] : [];
  });
const texts = (chat) => chat.messages.map(shown);
const last = (chat) => texts(chat).at(-1)?.at(-1);
const say = (value) => console.log(JSON.stringify(value));
const show = (chat) => say({ texts: texts(chat), status: chat.status, error: chat.error?.message ?? null });
const call = async (path, init = {}) => (await fetch(`${api}/${thread}${path}`, { headers, ...init })).json();

// Send a first message, and return once its answer has so much.
async function begun(text) {
  let sending;
  const chat = await new Promise((reached) => {
    const one = new Chat([], (chat) => last(chat) === text && reached(chat));
    sending = one.sendMessage({ text: "Hi" });
  });
  return { chat, sending };
}

async function talk() {
  const chat = new Chat();
  const steps = [
    () => chat.sendMessage({ text: "One" }),
    () => chat.sendMessage({ text: "Two" }),
    () => chat.regenerate(),
    () => chat.sendMessage({ text: "Two!", messageId: chat.messages[2].id }),
    () => chat.regenerate({ messageId: chat.messages[1].id }),
  ];
  for (const step of steps) {
    await step();
    show(chat);
  }
}

async function resume() {
  const { chat, sending } = await begun("text: Hel");
  let said = false;
  const second = new Chat(chat.messages.slice(0, 1), (one) => {
    if (last(one) === "text: Hel" && !said) say((said = "resumed"));
  });
  await second.resumeStream();
  await sending;
  show(chat);
  show(second);
}

async function stop() {
  const { chat, sending } = await begun("text: Half");
  const assistantMessage = chat.messages.at(-1);
  say(await call("/stop", { method: "POST", body: JSON.stringify({ assistantMessage }) }));
  await sending;
  show(chat);
}

async function cut() {
  const { chat, sending } = await begun("text: Half");
  say("begun");
  await sending;
  say({ failed: chat.status === "error" });
}

async function reload() {
  await new Chat().sendMessage({ text: "Hi" });
  const { messages } = await call("");
  const { success, error } = await safeValidateUIMessages({ messages });
  say({ success, error: error?.message ?? null });
  const chat = new Chat(messages);
  show(chat);
  await chat.sendMessage({ text: "Two" });
  show(chat);
}

async function picture() {
  const chat = new Chat();
  const url = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
  await chat.sendMessage({ text: "What?", files: [{ type: "file", mediaType: "image/gif", url }] });
  await chat.sendMessage({ text: "And?" });
  show(chat);
}

async function fail() {
  const chat = new Chat();
  await chat.sendMessage({ text: "Hi" });
  say({ texts: texts(chat).slice(0, 1), status: chat.status, error: chat.error?.message });
}

await { talk, resume, stop, cut, reload, picture, fail }[scene]();
