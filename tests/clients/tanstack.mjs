// TanStack AI's chat client. Arguments: server, token, thread, scene.
import { ChatClient, fetchServerSentEvents } from "@tanstack/ai-client";

const [server, token, threadId, scene] = process.argv.slice(2);
const say = (value) => console.log(JSON.stringify(value));
const text = ({ parts }) => parts.flatMap((part) => (part.type === "text" ? [part.content] : [])).join("");
const shown = (client) => client.getMessages().map((message) => [message.role, text(message)]);

// A connection that breaks off each body after so many bytes.
const fragile = (bytes) => async (url, init) => {
  const response = await fetch(url, init);
  let left = bytes;
  const breaking = new TransformStream({
    transform(chunk, controller) {
      controller.enqueue(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) controller.error(new Error("cut"));
    },
  });
  return new Response(response.body.pipeThrough(breaking), response);
};

const chat = (fetchClient = fetch, more = {}) =>
  new ChatClient({
    threadId,
    connection: fetchServerSentEvents(`${server}/api/ag-ui`, {
      headers: { Authorization: `Bearer ${token}` },
      reconnect: { maxAttempts: 3, delayMs: 0 },
      fetchClient,
    }),
    ...more,
  });

async function talk() {
  const client = chat();
  for (const words of ["One", "Two"]) {
    await client.sendMessage(words);
    say(shown(client));
  }
}

async function cut() {
  const requests = [];
  const breaking = fragile(700);
  const client = chat((url, init) => {
    requests.push(init.headers["Last-Event-ID"] ?? null);
    return breaking(url, init);
  });
  await client.sendMessage("One");
  say({ shown: shown(client), resumed: requests.length > 1 && requests.slice(1).every((mark) => mark !== null) });
}

async function reload() {
  await new Promise((done) => {
    let told = false;
    const client = chat(fetch, {
      persistence: true,
      onMessagesChange: () => {
        if (!told && shown(client).length === 2) {
          told = true;
          say("joined");
        }
      },
      onFinish: () => done(say(shown(client))),
    });
    client.attach();
  });
}

await { talk, cut, reload }[scene]();
process.exit(0);
