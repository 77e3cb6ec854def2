// The AI SDK's own chat on its default transport. Arguments: server, token, package, thread, scene.
import { State } from "./chat_state.mjs";

const [server, token, name, thread, scene] = process.argv.slice(2);
const sdk = await import(name);
const { AbstractChat, DefaultChatTransport, safeValidateUIMessages } = sdk;

const api = `${server}/api/ai-sdk/chat`;
const headers = { Authorization: `Bearer ${token}` };
const approving = { ...headers, "X-AI-SDK-Version": "6" };

class Chat extends AbstractChat {
  constructor(messages = [], changed = () => {}, { body, approves, ...more } = {}) {
    const transport = new DefaultChatTransport({ api, headers: approves ? approving : headers, body });
    super({ id: thread, transport, state: new State(messages, () => changed(this)), ...more });
  }
}

const shown = ({ parts }) =>
  parts.flatMap((part) => {
    if (part.type === "text" || part.type === "reasoning") return [`${part.type}: ${part.text}`];
    if (part.type.startsWith("data-")) return [`${part.type}: ${part.data.title}`];
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

// Resolve with a chat once it has been answered to the end after a first message.
const settled = (messages, more, begin) =>
  new Promise((done) => {
    const check = (chat) => last(chat) === "text: Done." && chat.status === "ready" && done(chat);
    const chat = new Chat(messages, check, { ...more, onFinish: () => setTimeout(() => check(chat)) });
    begin(chat);
  });

async function approve() {
  const asked = new Chat([], undefined, { approves: true });
  await asked.sendMessage({ text: "Pay" });
  show(asked);
  // The page is reloaded meanwhile.
  const { messages } = await (await fetch(`${api}/${thread}`, { headers: approving })).json();
  const part = messages.at(-1).parts.find(({ state }) => state === "approval-requested");
  const sendAutomaticallyWhen = sdk.lastAssistantMessageIsCompleteWithApprovalResponses;
  const answer = (chat) => chat.addToolApprovalResponse({ id: part.approval.id, approved: true });
  const chat = await settled(messages, { sendAutomaticallyWhen }, answer);
  show(chat);
  const { success, error } = await safeValidateUIMessages({ messages: chat.messages });
  say({ success, error: error?.message ?? null });
}

async function tool() {
  const body = { tools: { look: { description: "Look around.", parameters: { type: "object" } } } };
  const sendAutomaticallyWhen = sdk.lastAssistantMessageIsCompleteWithToolCalls;
  let own;
  const onToolCall = ({ toolCall: { toolName, toolCallId, input } }) => {
    if (toolName !== "look") return;
    own.addToolOutput({ tool: toolName, toolCallId, output: `${input.town} is blue` });
  };
  show(
    await settled([], { body, sendAutomaticallyWhen, onToolCall }, (chat) => {
      own = chat;
      chat.sendMessage({ text: "Look" });
    }),
  );
}

async function waits() {
  const chat = new Chat();
  await chat.sendMessage({ text: "Pay" });
  show(chat);
  await new Promise((read) => process.stdin.once("data", read));
  await chat.resumeStream();
  show(chat);
}

await { approve, tool, waits, talk, resume, stop, cut, reload, picture, fail }[scene]();
