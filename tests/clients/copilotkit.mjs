// CopilotKit's runtime client. Arguments: server, token, transport, thread, scene.
const [server, token, transport, threadId, scene] = process.argv.slice(2);

// The client asks for the runtime's description in a browser alone.
globalThis.window = globalThis;
globalThis.location = new URL(server);
const { CopilotKitCore, CopilotKitCoreRuntimeConnectionStatus } = await import("@copilotkit/core");

const say = (value) => console.log(JSON.stringify(value));
const shown = ({ messages }) => messages.map(({ role, content }) => [role, content ?? null]);

async function connected() {
  const core = new CopilotKitCore({
    runtimeUrl: `${server}/api/ag-ui`,
    runtimeTransport: transport,
    headers: { Authorization: `Bearer ${token}` },
  });
  const { Connected } = CopilotKitCoreRuntimeConnectionStatus;
  await new Promise((done, failed) => {
    if (core.runtimeConnectionStatus === Connected) done();
    core.subscribe({
      onRuntimeConnectionStatusChanged: ({ status }) => status === Connected && done(),
      onError: ({ error }) => failed(error),
    });
    core.connect();
  });
  return core;
}

function agentOf(core, name = "default") {
  const agent = core.getAgent(name);
  agent.threadId = threadId;
  return agent;
}

async function talk() {
  const core = await connected();
  say(Object.keys(core.agents));
  const agent = agentOf(core);
  agent.addMessage({ id: "m1", role: "user", content: "One" });
  await core.runAgent({ agent });
  say(shown(agent));
  const other = agentOf(await connected());
  await core.connectAgent({ agent: other });
  say(shown(other));
}

async function stop() {
  const core = await connected();
  const agent = agentOf(core);
  agent.addMessage({ id: "m1", role: "user", content: "One" });
  agent.subscribe({ onTextMessageContentEvent: () => agent.abortRun() });
  await core.runAgent({ agent });
  say(shown(agent));
}

async function connect() {
  const core = await connected();
  const agent = agentOf(core);
  agent.subscribe({ onMessagesSnapshotEvent: () => say("connected") });
  await core.connectAgent({ agent });
  say(shown(agent));
}

// Tell the reply after each change, until the run ends.
async function follow() {
  const core = await connected();
  const agent = agentOf(core);
  agent.subscribe({ onMessagesChanged: () => say(agent.messages.at(-1)?.content ?? "") });
  await core.connectAgent({ agent });
}

await { talk, stop, connect, follow }[scene]();
process.exit(0);
