// Random runs of the page's outbox: two tabs on one storage, a network that fails, reloads, and a server that knows its ids.
// Usage: node outbox_runs.mjs BUNDLE RUNS. Prints one JSON line per run that broke a rule, and a summary as the last line.

import { pathToFileURL } from "node:url";

const { Outbox } = await import(pathToFileURL(process.argv[2]).href);
const RUNS = Number(process.argv[3]);
const THREADS = ["one", "two"];
const never = new Promise(() => {});

/** A repeatable source of random numbers (mulberry32). */
function randomOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A clock whose timers fire in order as fast as the machine can. */
class Clock {
  now = 0;
  timers = [];
  after(milliseconds, act) {
    const timer = { at: this.now + milliseconds, act };
    this.timers.push(timer);
    return timer;
  }
  async step() {
    this.timers.sort((one, other) => one.at - other.at);
    const timer = this.timers.shift();
    if (!timer) return false;
    this.now = Math.max(this.now, timer.at);
    timer.act();
    await new Promise((resolve) => setImmediate(resolve));
    return true;
  }
}

/** A server with one answer at a time per chat. A repeat under known ids attaches; another text under them is refused. */
class Server {
  known = new Map();
  accepted = [];
  running = new Map();
  constructor(clock, random, ended) {
    Object.assign(this, { clock, random, ended });
  }
  take({ id, responseId, threadId, content, now }) {
    const known = this.known.get(responseId);
    if (known) {
      if (known !== `${id} ${content}`) throw { status: 409, code: "response_id_reused", message: "" };
      return;
    }
    if (this.running.has(threadId) && !now) throw { status: 409, code: "thread_busy", message: "" };
    this.known.set(responseId, `${id} ${content}`);
    this.accepted.push({ threadId, content });
    this.running.set(threadId, responseId);
    this.clock.after(this.random() * 4000, () => {
      if (this.running.get(threadId) !== responseId) return;
      this.running.delete(threadId);
      this.ended(threadId);
    });
  }
}

class World {
  online = true;
  queues = new Map();
  tabs = [];
  held = new Map();
  stored = [];
  serial = 0;
  constructor(seed) {
    this.random = randomOf(seed);
    this.clock = new Clock();
    this.server = new Server(this.clock, this.random, (threadId) => this.alive().forEach((tab) => tab.outbox.wake(threadId)));
  }
  alive() {
    return this.tabs.filter((tab) => tab.alive);
  }
  later(tab, most) {
    return new Promise((resolve) => this.clock.after(this.random() * most, () => tab.alive && resolve()));
  }
  open() {
    const tab = { alive: true };
    tab.outbox = new Outbox({
      storage: {
        all: async () => (await this.later(tab, 5), new Map(this.queues)),
        change: (threadId, change) => this.change(tab, threadId, change),
        watch: (listener) => (tab.listener = listener),
      },
      exclusive: (name, work) => this.exclusive(tab, name, work),
      send: (entry) => this.send(tab, entry),
      sleep: (milliseconds) => this.sleep(tab, milliseconds),
      discard: () => undefined,
      newId: () => `new${(this.serial += 1)}`,
      isAnswering: (threadId) => this.random() < 0.5 && this.server.running.has(threadId),
      waiting: () => undefined,
      tooLate: () => "too late",
    });
    this.tabs.push(tab);
    void tab.outbox.start("ada");
    return tab;
  }
  close(tab) {
    tab.alive = false;
    for (const [name, lock] of this.held) if (lock.tab === tab) this.release(name);
    for (const lock of this.held.values()) lock.waiting = lock.waiting.filter((one) => one.tab !== tab);
  }
  async change(tab, threadId, change) {
    await this.later(tab, 4);
    const before = this.queues.get(threadId) ?? [];
    const queue = change(before);
    this.queues.set(threadId, queue);
    for (const entry of queue) if (!this.stored.includes(entry.typed)) this.stored.push(entry.typed);
    if (queue !== before) for (const other of this.alive()) if (other !== tab) this.clock.after(this.random() * 4, () => other.alive && other.listener(threadId));
    await this.later(tab, 4);
    return queue;
  }
  async exclusive(tab, name, work) {
    const lock = this.held.get(name);
    if (lock) await new Promise((resolve) => lock.waiting.push({ tab, resolve }));
    else this.held.set(name, { tab, waiting: [] });
    this.held.get(name).tab = tab;
    try {
      await work();
    } finally {
      this.release(name);
    }
  }
  release(name) {
    const lock = this.held.get(name);
    const next = lock.waiting.shift();
    if (!next) this.held.delete(name);
    else {
      lock.tab = next.tab;
      next.resolve();
    }
  }
  async send(tab, entry) {
    await this.later(tab, 30);
    if (!this.online || this.random() < 0.15) throw new TypeError("lost on the way there");
    this.server.take(entry);
    await this.later(tab, 30);
    if (!this.online || this.random() < 0.15) throw new TypeError("lost on the way back");
    return entry.id;
  }
  sleep(tab, milliseconds) {
    let wake;
    const done = new Promise((resolve) => (wake = () => tab.alive && resolve()));
    this.clock.after(milliseconds, wake);
    return { done, wake };
  }
}

const entryOf = (typed, threadId) => ({
  id: `p-${typed}`, responseId: `r-${typed}`, threadId, content: typed, typed, more: {}, owner: "ada", state: "waiting", refusal: null, now: false,
});

/** Play one run. `hands` adds edits and withdrawals to the prompts, reloads and faults. Return the broken rules. */
async function play(seed, hands) {
  const world = new World(seed);
  const { random, clock } = world;
  const pick = (list) => list[Math.floor(random() * list.length)];
  const withdrawn = new Set(), edited = new Set();
  world.open();
  world.open();
  for (let round = 0; round < 40; round += 1) {
    const tab = pick(world.alive());
    const event = random();
    if (event < 0.35) void tab.outbox.add(entryOf(`t${(world.serial += 1)}`, pick(THREADS)));
    else if (event < 0.45) world.online = !world.online;
    else if (event < 0.6) {
      world.close(tab);
      world.open();
    } else if (hands && event < 0.8) {
      const entry = pick(tab.outbox.entries(pick(THREADS)));
      if (entry && random() < 0.5) {
        withdrawn.add(entry.typed.replace("+", ""));
        void tab.outbox.withdraw(entry);
      } else if (entry && !edited.has(entry.typed) && !entry.typed.endsWith("+")) {
        edited.add(entry.typed);
        void tab.outbox.edit(entry, `${entry.typed}+`, `${entry.typed}+`);
      }
    }
    for (let steps = random() * 30; steps > 0; steps -= 1) await clock.step();
  }
  world.online = true;
  const left = () => [...world.queues.values()].flat();
  for (let steps = 0; steps < 20_000 && left().length; steps += 1) {
    // Texts that were edited too late: their author decides to send them as new messages.
    for (const entry of left()) if (entry.state === "failed") void world.alive()[0].outbox.retry(entry);
    if (!(await clock.step())) break;
  }
  return rules(world, { withdrawn, edited, left: left(), hands });
}

function rules({ server, stored }, { withdrawn, edited, left, hands }) {
  const broken = [];
  const sent = server.accepted.map(({ content }) => content);
  if (new Set(sent).size !== sent.length) broken.push("doubled");
  const lost = stored.filter((text) => !sent.includes(text) && !withdrawn.has(text.replace("+", "")) && !edited.has(text));
  if (lost.length) broken.push(`lost ${lost}`);
  if (left.length) broken.push(`left ${left.map(({ typed, state }) => `${typed} ${state}`)}`);
  for (const thread of THREADS) {
    const order = server.accepted.filter(({ threadId }) => threadId === thread).map(({ content }) => stored.indexOf(content));
    if (!hands && order.some((place, index) => index && place < order[index - 1])) broken.push(`swapped ${order}`);
  }
  return { broken, sent: sent.length };
}

let failures = 0, sent = 0;
for (let seed = 1; seed <= RUNS; seed += 1) {
  for (const hands of [false, true]) {
    const outcome = await play(seed, hands);
    sent += outcome.sent;
    if (!outcome.broken.length) continue;
    failures += 1;
    console.log(JSON.stringify({ seed, hands, ...outcome }));
  }
}
console.log(JSON.stringify({ runs: RUNS * 2, failures, sent }));
process.exit(0);
