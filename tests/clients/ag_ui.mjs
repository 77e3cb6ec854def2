// A conversation by AG-UI's own HttpAgent. Arguments: server, token, thread, scene.
import { HttpAgent } from "@ag-ui/client";

const [server, token, threadId, scene] = process.argv.slice(2);
const user = (id, content) => ({ id, role: "user", content });
const say = (value) => console.log(JSON.stringify(value));

const agent = (initialMessages = []) =>
  new HttpAgent({
    url: `${server}/api/ag-ui`,
    headers: { Authorization: `Bearer ${token}` },
    threadId,
    initialMessages,
  });

const shown = ({ messages }) => messages.map(({ role, content }) => [role, content ?? null]);

async function talk() {
  const one = agent();
  one.addMessage(user("m1", "One"));
  await one.runAgent();
  say(shown(one));
  one.addMessage(user("m2", "Two"));
  await one.runAgent();
  say(shown(one));
  one.setMessages(one.messages.slice(0, 4));
  await one.runAgent();
  say(shown(one));
}

async function reload() {
  // The page of the second agent has nothing but the names of the thread and its run.
  const first = agent([user("m1", "One")]);
  let running;
  await new Promise((seen) => {
    const told = ({ textMessageBuffer, event }) => textMessageBuffer + event.delta === "Half" && seen();
    running = first.runAgent({ runId: "run-1" }, { onTextMessageContentEvent: told });
  });
  const second = agent([user("m1", "One")]);
  const following = second.runAgent({ runId: "run-1" }, { onMessagesSnapshotEvent: () => say("reloaded") });
  await Promise.all([running, following]);
  say(shown(first));
  say(shown(second));
}

async function artifacts() {
  const one = agent([user("m1", "One")]);
  const told = [];
  await one.runAgent({}, { onCustomEvent: ({ event }) => told.push([event.name, event.value]) });
  say(told);
}

async function fail() {
  const one = agent([user("m1", "One")]);
  let told = null;
  await one.runAgent({}, { onRunErrorEvent: ({ event }) => (told = event.code) }).catch(() => {});
  say(told);
}

async function cut() {
  const one = agent([user("m1", "One")]);
  const begun = { onTextMessageContentEvent: () => say("begun") };
  await one.runAgent({}, begun).then(
    () => say("ended well"),
    () => say("failed"),
  );
}

const tools = [{ name: "look", description: "Look around.", parameters: { type: "object" } }];

async function interrupt() {
  const one = agent([user("m1", "Pay")]);
  await one.runAgent();
  say(one.pendingInterrupts.map(({ reason, metadata }) => [reason, metadata.input]));
  const resume = one.pendingInterrupts.map(({ id }) => ({ interruptId: id, status: "resolved", payload: { approved: true } }));
  await one.runAgent({ resume });
  say(one.pendingInterrupts);
  say(shown(one));
}

async function tool() {
  const one = agent([user("m1", "Look")]);
  await one.runAgent({ tools });
  const [call] = one.messages.at(-1).toolCalls;
  const { town } = JSON.parse(call.function.arguments);
  one.addMessage({ id: "m2", role: "tool", toolCallId: call.id, content: `${town} is blue` });
  await one.runAgent({ tools });
  say(shown(one));
}

await { artifacts, interrupt, tool, talk, reload, fail, cut }[scene]();
