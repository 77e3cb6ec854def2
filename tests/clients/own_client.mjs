// The server's own client, installed by npm. Arguments: server, token, scene. Prints what it gets as lines of JSON.
import { ChatClient } from "chat-client";

const [url, token, scene] = process.argv.slice(2);
const client = new ChatClient({ url, token });
const say = (value) => console.log(JSON.stringify(value));

async function send() {
  for await (const event of client.send("Hi", { responseId: "r" })) say(event);
}

async function stop() {
  const stream = client.send("Hi", { responseId: "r" });
  for await (const event of stream) {
    say(event);
    if (event.type === "text") await stream.stop();
  }
}

const drained = async (stream) => {
  for await (const _ of stream);
};

async function refused() {
  const calls = [
    (id) => drained(client.follow(id)),
    (id) => drained(client.regenerate(id)),
    (id) => client.response(id),
    (id) => client.stop(id),
    (id) => client.thread(id),
    (id) => client.messages(id),
    (id) => client.deleteThread(id),
  ];
  for (const call of calls)
    for (const id of ["theirs", "unknown"]) await call(id).catch(({ status, code }) => say({ status, code }));
}

async function quota() {
  await drained(client.send("Hi")).catch(({ status, quota, retryAfter }) => say({ status, quota, waits: retryAfter > 60 }));
}

async function history() {
  const picture = await client.upload(new Blob([Buffer.from(process.argv[5], "base64")], { type: "image/png" }));
  const content = [{ type: "text", text: "Look" }, { type: "image_url", image_url: { url: picture.url } }];
  const stream = client.send(content, { threadId: "t" });
  await drained(stream);
  await drained(client.regenerate(stream.responseId));
  const [reply] = (await client.messages("t", { limit: 1 })).messages;
  await client.rateMessage("t", reply.id, 1);
  await client.replaceMessage("t", reply.id, "Changed");
  await client.updateThread("t", { title: "New", archived: true });
  await client.createThread({ threadId: "u", title: "Other" });
  const { url: shared } = await client.createShare("t");
  const { messages } = await client.messages("t");
  const archived = (await client.threads({ archived: "true" })).threads.map(({ title }) => title);
  const { status } = await client.response(stream.responseId);
  await client.deleteThread("t");
  const left = (await client.threads({ archived: "any" })).threads.map(({ title }) => title);
  say({ versions: reply.versions.length, last: messages.at(-1).content, archived, status, left, shared: shared.startsWith("/s/") });
}

async function wait() {
  for await (const event of client.send("Hi", { responseId: "r" })) {
    say(event);
    if (event.type === "request") await client.answer("r", event.requestId, "approved", { arguments: { amount: 3 } });
  }
}

await { send, stop, wait, refused, quota, history }[scene]();
