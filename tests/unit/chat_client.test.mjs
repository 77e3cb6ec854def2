// The TypeScript client in Node, over a `fetch` that cuts and refuses. Run by `test_chat_client_js.py`.
import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { ChatClient, ConnectionLostError, ProblemError, ProtocolError, ResponseFailedError } from "../../chat/clients/typescript/src/index.js";

mock.method(Math, "random", () => 0.5);
const realTimeout = globalThis.setTimeout;
let pauses = [];
// Pauses end at once; the watchdog's 45 s never pass in these tests.
mock.method(globalThis, "setTimeout", (action, milliseconds, ...rest) => {
  if (milliseconds >= 45_000) return realTimeout(action, milliseconds, ...rest);
  pauses.push(milliseconds);
  return realTimeout(action, 0);
});

const PIECES = [
  ["thinking", "Grüße? "],
  ["thinking", "🍎"],
  ["delta", "Grö"],
  ["delta", "\ufeffße\n\n"],
  ["thinking", "\u2028ja"],
  ["delta", "🍎 data: x"],
];
const END = { status: "done", finishReason: "stop", usage: null, error: null, keptOffset: 0 };
const sizeOf = (text) => new TextEncoder().encode(text).length;
const event = (name, id, data) => `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;

/** Return the pieces with those of one kind in a row joined. */
function merged(pieces) {
  const joined = [];
  for (const [kind, text] of pieces) {
    if (joined.at(-1)?.[0] === kind) joined.at(-1)[1] += text;
    else joined.push([kind, text]);
  }
  return joined;
}

/** Return the bytes of the whole stream from a reader's cursors; `overlap` repeats bytes that it has. */
function bodyOf(pieces, end, offset, thinkingOffset, overlap) {
  const known = { delta: offset - overlap, thinking: thinkingOffset - overlap };
  const cursors = { delta: 0, thinking: 0 };
  let body = ": hello\n\n" + event("start", offset, { responseId: "r", threadId: "t", status: "streaming", offset });
  for (const [kind, text] of pieces) {
    cursors[kind] += sizeOf(text);
    if (cursors[kind] <= known[kind]) continue;
    const id = cursors.thinking ? `${cursors.delta}:${cursors.thinking}` : cursors.delta;
    body += event(kind, id, kind === "delta" ? { text } : { text, thinkingOffset: cursors.thinking });
  }
  return new TextEncoder().encode(body + event("news", 1, {}) + event("end", 1, end));
}

/** A body in chunks of sixteen bytes, so that most events and many characters are split. */
function streamOf(bytes, broken, cancelled) {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.subarray(at, (at += 16)));
      else if (broken) controller.error(new TypeError("terminated"));
      else controller.close();
    },
    cancel: cancelled,
  });
}

/** A server whose n-th stream suffers the n-th fault: {cut, clean}, {status, code, retryAfter}, {unreachable}, {gap}. */
function serverOf({ pieces = PIECES, faults = [], end = END, overlap = 0 } = {}) {
  const requests = [];
  const fetch = async (address, { method, body, signal, headers }) => {
    const url = new URL(address);
    requests.push({ method, url, headers, body: body && JSON.parse(body), signal });
    if (url.pathname === "/api/session") return Response.json({ csrfToken: "csrf" });
    const fault = faults.shift() ?? {};
    if (fault.unreachable) throw new TypeError("fetch failed");
    if (fault.status) {
      const retry = fault.retryAfter === undefined ? {} : { "Retry-After": String(fault.retryAfter) };
      return Response.json({ code: fault.code, detail: "Refused.", quota: "active" }, { status: fault.status, headers: retry });
    }
    const place = url.searchParams;
    // A reader who resumes gets whole stretches, parts of which it has; the real server never does so.
    const sent = overlap && method === "GET" ? merged(pieces) : pieces;
    let bytes = bodyOf(sent, end, Number(place.get("offset")), Number(place.get("thinkingOffset")), overlap);
    if (fault.gap) bytes = new TextEncoder().encode(new TextDecoder().decode(bytes).replace(/event: delta\n.*\n.*\n\n/, ""));
    return new Response(streamOf(bytes.subarray(0, fault.cut), fault.cut !== undefined && !fault.clean, fault.cancelled));
  };
  return { fetch, requests, pieces };
}

const clientOf = (server, options) => new ChatClient({ url: "http://chat.test", token: "token", fetch: server.fetch, ...options });

async function run(server, options) {
  const events = [];
  for await (const event of clientOf(server, options).send("Hi", { responseId: "r" })) events.push(event);
  return events;
}

const joined = (events, type) => events.flatMap((event) => (event.type === type ? [event.text] : [])).join("");
const textOf = (pieces, of) => pieces.flatMap(([kind, text]) => (kind === of ? [text] : [])).join("");

function assertWhole(server, events) {
  assert.equal(joined(events, "text"), textOf(server.pieces, "delta"));
  assert.equal(joined(events, "thinking"), textOf(server.pieces, "thinking"));
  let read = 0;
  for (const { type, text, offset } of events) if (type === "text") assert.equal(offset, (read += sizeOf(text)));
  assert.deepEqual(events.filter(({ type }) => type === "end"), [events.at(-1)]);
}

for (const [clean, overlap] of [
  [true, 0],
  [false, 9],
]) {
  test(`a cut at every byte loses and doubles nothing, ${clean ? "closed" : "broken"}`, async () => {
    const size = bodyOf(PIECES, END, 0, 0, 0).length;
    for (let cut = 0; cut < size; cut += 1) {
      const server = serverOf({ faults: [{ cut, clean }], overlap });
      const events = await run(server);
      assertWhole(server, events);
      assert.equal(events.filter(({ type }) => type === "reconnecting").length, 1);
    }
  });
}

test("any faults lose and double nothing", async () => {
  // A fixed linear congruential generator: a failure can be repeated.
  let seed = 20_261_129;
  const random = (below) => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) % below;
  const alphabet = ["a", "ü", "🍎", "\n", "\ufeff", "\u2028", ":", "\r", "\u0000"];
  const text = () => Array.from({ length: 1 + random(6) }, () => alphabet[random(alphabet.length)]).join("");
  for (let round = 0; round < 150; round += 1) {
    const pieces = Array.from({ length: random(9) }, () => [random(2) ? "delta" : "thinking", text()]);
    const fault = () => [{ cut: random(900), clean: Boolean(random(2)) }, { unreachable: true }, { status: 503 }][random(3)];
    const faults = Array.from({ length: random(6) }, fault);
    const server = serverOf({ pieces, faults, overlap: random(10) });
    assertWhole(server, await run(server));
  }
});

test("a prompt is repeated under its ids until it is accepted", async () => {
  const server = serverOf({ faults: [{ unreachable: true }, { status: 503 }, { cut: 100 }] });
  assertWhole(server, await run(server));
  assert.deepEqual(server.requests.map(({ method }) => method), ["POST", "POST", "POST", "GET"]);
  const [first, second, third] = server.requests.map(({ body }) => body);
  assert.deepEqual(first, second);
  assert.deepEqual(first, third);
  assert.equal(first.responseId, "r");
});

test("the pause is at least what the server asks for", async () => {
  pauses = [];
  const events = await run(serverOf({ faults: [{ status: 429, retryAfter: 7 }] }));
  assert.equal(events[0].seconds, 7);
  assert.ok(pauses.includes(7000));
});

test("a wait of minutes is left to the caller", async () => {
  const sent = run(serverOf({ faults: [{ status: 429, code: "quota_exceeded", retryAfter: 1800 }] }));
  await assert.rejects(sent, { code: "quota_exceeded", quota: "active", retryAfter: 1800, status: 429 });
});

test("a refusal is thrown at once", async () => {
  for (const status of [400, 401, 403, 404, 405, 409, 413, 415, 501]) {
    const server = serverOf({ faults: [{ status, code: "some_code" }] });
    await assert.rejects(run(server), (error) => error instanceof ProblemError && error.status === status && error.code === "some_code");
    assert.equal(server.requests.length, 1);
  }
});

test("a stream gives up after failures in a row, and counts from new after progress", async () => {
  const server = serverOf({ faults: [{ cut: 0 }, { cut: 0 }, { cut: 250 }, { cut: 0 }, { cut: 0 }] });
  assertWhole(server, await run(server, { maxRetries: 3 }));
  const dead = serverOf({ faults: [{ unreachable: true }, { unreachable: true }, { unreachable: true }] });
  await assert.rejects(run(dead, { maxRetries: 2 }), ConnectionLostError);
  assert.equal(dead.requests.length, 3);
});

test("missing bytes are fetched and never skipped", async () => {
  const server = serverOf({ faults: [{ gap: true }] });
  const events = await run(server);
  assertWhole(server, events);
  assert.ok(events.find(({ type }) => type === "reconnecting").error instanceof ProtocolError);
});

test("the text of a failed response ends with an exception", async () => {
  const error = { code: "model_failed", message: "It broke.", retryable: true };
  const stream = clientOf(serverOf({ end: { ...END, status: "failed", error } })).send("Hi");
  let text = "";
  const read = async () => {
    for await (const piece of stream.text()) text += piece;
  };
  await assert.rejects(read(), (thrown) => thrown instanceof ResponseFailedError && thrown.code === "model_failed");
  assert.equal(text, textOf(PIECES, "delta"));
});

test("leaving the loop aborts the connection", async () => {
  const server = serverOf();
  for await (const _ of clientOf(server).send("Hi")) break;
  assert.ok(server.requests[0].signal.aborted);
});

test("a closed stream ends without an error, one whose signal is aborted with the reason", async () => {
  const server = serverOf();
  const closed = clientOf(server).send("Hi");
  const events = [];
  for await (const event of closed) {
    events.push(event.type);
    closed.close();
  }
  assert.ok(!events.includes("end"));
  const controller = new AbortController();
  const aborted = async () => {
    for await (const _ of clientOf(serverOf()).send("Hi", { signal: controller.signal })) controller.abort(new Error("enough"));
  };
  await assert.rejects(aborted(), /enough/);
});

test("a reader continues where it was", async () => {
  const server = serverOf();
  let text = "";
  for await (const piece of clientOf(server).follow("r", { offset: 4, thinkingOffset: 13 }).text()) text += piece;
  assert.equal(text, "\ufeffße\n\n🍎 data: x");
  assert.equal(server.requests[0].url.search, "?format=sse&offset=4&thinkingOffset=13");
});

test("credentials are a token or the page's cookies", async () => {
  const server = serverOf({ faults: [{ status: 403 }] });
  const client = clientOf(server, { token: "" });
  for await (const _ of client.send("Hi"));
  const [refused, session, sent] = server.requests;
  assert.equal(session.url.pathname, "/api/session");
  assert.deepEqual([refused, sent].map(({ headers }) => headers["X-CSRFToken"]), ["", "csrf"]);
  const bearer = serverOf();
  await run(bearer);
  assert.equal(bearer.requests[0].headers.Authorization, "Bearer token");
});

test("a stream goes on after a request and its answer, and an answer is posted", async () => {
  const asked = { requestId: "q", kind: "approve", tool: "pay", callId: "c", deadline: "2026-12-01T00:00:00Z", arguments: {}, editable: false };
  const body = event("start", 0, {}) + event("request", 0, asked) + event("answer", 0, { requestId: "q", outcome: "approved" }) + event("delta", 2, { text: "Ok" });
  const posted = [];
  const fetch = async (address, { method, body: sent }) => {
    if (method === "GET") return new Response(streamOf(new TextEncoder().encode(body + event("end", 2, END))));
    posted.push([new URL(address).pathname, JSON.parse(sent)]);
    return Response.json({ status: "streaming" });
  };
  const events = [];
  for await (const one of clientOf({ fetch }).follow("r")) events.push(one);
  assert.deepEqual(events.slice(1, 3), [{ ...asked, type: "request" }, { type: "answer", requestId: "q", outcome: "approved" }]);
  assert.equal(joined(events, "text"), "Ok");
  assert.deepEqual(await clientOf({ fetch }).answer("r", "q", "approved", { forThread: true }), { status: "streaming" });
  assert.deepEqual(posted, [["/api/responses/r/answers", { requestId: "q", outcome: "approved", forThread: true }]]);
});
