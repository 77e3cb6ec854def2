// A conversation by the AI SDK's own chat over its text transport. Arguments: server, token, package, thread, scene.
import { State } from "./chat_state.mjs";

const [server, token, name, thread, scene] = process.argv.slice(2);
const { AbstractChat, TextStreamChatTransport } = await import(name);

class Chat extends AbstractChat {
  constructor(messages = [], changed = () => {}) {
    const headers = { Authorization: `Bearer ${token}` };
    const transport = new TextStreamChatTransport({ api: `${server}/api/response`, headers });
    super({ id: thread, transport, state: new State(messages, () => changed(this)) });
  }
}

const texts = (chat) =>
  chat.messages.map(({ parts }) =>
    parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join(""),
  );
const say = (value) => console.log(JSON.stringify(value));
const show = (chat) => say({ texts: texts(chat), status: chat.status, error: chat.error?.message ?? null });

async function talk() {
  const chat = new Chat();
  const steps = [
    () => chat.sendMessage({ text: "One" }),
    () => chat.sendMessage({ text: "Two" }),
    () => chat.regenerate(),
    () => chat.sendMessage({ text: "Two!", messageId: chat.messages[2].id }),
    () => chat.sendMessage({ text: "Three" }),
    () => chat.regenerate({ messageId: chat.messages[1].id }),
  ];
  for (const step of steps) {
    await step();
    show(chat);
  }
}

async function resume() {
  // The chat of a page that was reloaded has the prompt alone.
  let first;
  let sending;
  await new Promise((began) => {
    first = new Chat([], (chat) => texts(chat).at(-1) === "Hel" && began());
    sending = first.sendMessage({ text: "Hi" });
  });
  let said = false;
  const second = new Chat(first.messages.slice(0, 1), (chat) => {
    if (texts(chat).at(-1) === "Hel" && !said) say((said = "resumed"));
  });
  await second.resumeStream();
  await sending;
  show(first);
  show(second);
  const late = new Chat(first.messages);
  await late.resumeStream();
  show(late);
}

await { talk, resume }[scene]();
