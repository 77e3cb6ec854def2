// The official `openai` client for Node. Arguments: server, token, scene, and what the scene needs.
import OpenAI from "openai";

const [server, token, scene, given] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${server}/v1`, apiKey: token });
const say = (value) => console.log(JSON.stringify(value));
const hi = { model: "c1", messages: [{ role: "user", content: "Hi" }] };

const add = {
  type: "function",
  function: {
    name: "add",
    description: "Add two numbers.",
    parse: JSON.parse,
    function: ({ left, right }) => String(left + right),
    parameters: { type: "object", properties: { left: { type: "number" }, right: { type: "number" } } },
  },
};

async function talk() {
  const whole = await client.chat.completions.create(hi);
  say([whole.choices[0].message.content, whole.choices[0].finish_reason]);
  let text = "";
  for await (const chunk of await client.chat.completions.create({ ...hi, stream: true })) {
    text += chunk.choices[0]?.delta.content ?? "";
  }
  say(text);
}

// The client's own loop: it makes the calls and sends their results until the model answers with text.
async function tools() {
  const runner = client.chat.completions.runTools({ ...hi, stream: given === "stream", tools: [add] });
  say(await runner.finalContent());
  say(runner.messages.map(({ role, content }) => [role, content ?? null]));
}

// Begin, leave after the first piece, and read on behind it.
async function resume() {
  const stream = await client.responses.create({ model: "c1", input: "Hi", background: true, stream: true });
  let id, mark, text;
  for await (const event of stream) {
    id ??= event.response?.id;
    if (event.type !== "response.output_text.delta") continue;
    [mark, text] = [event.sequence_number, event.delta];
    break;
  }
  say(text);
  for await (const event of await client.responses.retrieve(id, { stream: true, starting_after: mark })) {
    if (event.type === "response.output_text.delta") text += event.delta;
    if (event.type === "response.completed") say([text, event.response.output[0].content[0].text]);
  }
}

async function cancel() {
  const begun = await client.responses.create({ model: "c1", input: "Hi", background: true });
  say((await client.responses.cancel(begun.id)).status);
}

async function failing() {
  try {
    await client.chat.completions.create(hi);
  } catch (error) {
    say([error.status, error.type, error.code]);
  }
  try {
    await client.responses.retrieve(given);
  } catch (error) {
    say([error.status, error.type]);
  }
}

await { talk, tools, resume, cancel, failing }[scene]();
