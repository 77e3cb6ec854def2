// Durable Streams' own client. Arguments: server, token, response, live mode, offset, control events after which a body ends.
import { stream } from "@durable-streams/client";

const [server, token, response, live, offset, cut] = process.argv.slice(2);
const say = (value) => console.log(JSON.stringify(value));

// Ends each body of events behind so many control events, as a server does that recycles its connections.
const fragile = async (url, init) => {
  const answer = await fetch(url, init);
  if (!Number(cut) || !String(url).includes("live=sse")) return answer;
  const decoder = new TextDecoder();
  let left = Number(cut);
  let rest = "";
  const ending = new TransformStream({
    transform(chunk, controller) {
      const frames = (rest + decoder.decode(chunk, { stream: true })).split("\n\n");
      rest = frames.pop();
      for (const frame of frames) {
        if (left) controller.enqueue(new TextEncoder().encode(`${frame}\n\n`));
        if (frame.startsWith("event: control") && left && !--left) controller.terminate();
      }
    },
  });
  return new Response(answer.body.pipeThrough(ending), answer);
};

try {
  const read = await stream({
    url: `${server}/v1/streams/${response}`,
    headers: { Authorization: `Bearer ${token}` },
    offset,
    live: live === "false" ? false : live,
    fetch: fragile,
    sseResilience: { minConnectionDuration: 0 },
    warnOnHttp: false,
  });
  let bytes = Buffer.alloc(0);
  for await (const data of read.bodyStream()) {
    bytes = Buffer.concat([bytes, data]);
    if (data.length) say(bytes.length);
  }
  say({ text: bytes.toString(), offset: read.offset, closed: read.streamClosed });
} catch (error) {
  say({ status: error.status });
}
process.exit(0);
