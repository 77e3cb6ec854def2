/** The state of the page: session, open thread, address, and events of other tabs. */

import { ChatClient } from "../client/index.js";
import { announce } from "./announce.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { byId, el } from "./dom.js";
import { textOf } from "./problems.js";
import { ReadingView } from "./scroll.js";
import { Sharing } from "./sharing.js";
import { Sidebar } from "./sidebar.js";
import { recall, remember } from "./storage.js";
import { pathOf, Threads } from "./threads.js";
import { gettext } from "./translation.js";

const LABELS = { c1: "C1", openassistant: "OpenAssistant" };
const SITE = document.title;

const api = new ChatClient({ maxRetries: Infinity });
const sidebar = new Sidebar();
const picker = byId("model");
const scroller = byId("scroller");
const jump = byId("jump");
const spacer = el("div", { "aria-hidden": "true" });
const view = new ReadingView({ scroller, column: scroller.firstElementChild, spacer, picture: ".body :is(.chart, form)", offer: (place) => (jump.hidden = place !== "latest") });
const composer = new Composer({ say: (words) => conversation.say(words), stop: () => conversation.stop() });

const conversation = new Conversation({
  api,
  view,
  model: () => picker.value || "c1",
  on: {
    created,
    accepted: () => composer.accepted(),
    refused: () => composer.refused(),
    running: (running) => composer.running(running),
    waiting,
    failed,
  },
});

new Sharing({ api, threadId: () => conversation.threadId, failed });

const threads = new Threads({ api, on: { open: go, removed, failed } });

/** Show an error until it is closed or another thread is opened. Status 401 leads to the log-in page. */
function failed(problem) {
  const words = problem.status ? textOf(problem) : gettext("The server cannot be reached. This page keeps trying.");
  byId("notice-words").textContent = words;
  byId("notice").hidden = false;
  if (problem.status === 401) location.assign(`/login/?next=${encodeURIComponent(location.pathname)}`);
}

function waiting(waits) {
  byId("waiting").hidden = !waits;
}

function created(threadId, words) {
  const now = new Date().toISOString();
  history.pushState({}, "", pathOf(threadId));
  composer.rename(threadId);
  threads.current = threadId;
  threads.upsert({ threadId, title: words.slice(0, 80), createdAt: now, updatedAt: now, activeResponseId: null });
  updateTitle();
}

function removed(threadId) {
  if (threadId === conversation.threadId) void go(null);
}

function updateTitle() {
  const title = threads.title(conversation.threadId);
  document.title = title ? `${title} · ${SITE}` : SITE;
  byId("thread-title").textContent = title || gettext("New chat");
  byId("share").hidden = conversation.savedThreadId === null;
}

const threadIdFromLocation = () => {
  const match = /^\/c\/([^/]+)$/.exec(location.pathname);
  return match ? decodeURIComponent(match[1]) : null;
};

async function go(threadId) {
  if (threadIdFromLocation() !== threadId) history.pushState({}, "", pathOf(threadId));
  await switchTo(threadId);
  composer.focus();
}

async function switchTo(threadId) {
  sidebar.set(false);
  byId("notice").hidden = true;
  composer.switchTo(threadId);
  threads.select(threadId);
  const opened = conversation.open(threadId);
  updateTitle();
  try {
    await opened;
    choose(threads.thread(threadId)?.model);
  } catch (problem) {
    await onThreadMissing(problem);
  }
}

async function onThreadMissing(problem) {
  if (problem.status !== 404) {
    failed(problem);
    return;
  }
  history.replaceState({}, "", "/");
  await switchTo(null);
  failed({ status: 404, message: gettext("This chat does not exist, or no longer. You can start a new one here.") });
}

function choose(model) {
  if (model && [...picker.options].some((option) => option.value === model)) picker.value = model;
}

function onThreadEvent(event, thread) {
  const open = thread.threadId === conversation.threadId;
  if (event === "deleted") {
    threads.remove(thread.threadId);
    if (open && !threads.removing.has(thread.threadId)) void onThreadMissing({ status: 404 });
    return;
  }
  threads.upsert(thread);
  if (!open) return;
  updateTitle();
  const active = thread.activeResponseId;
  if (active ? !conversation.follows(active) : !conversation.busy) refresh();
}

function refresh() {
  conversation.refresh().catch((problem) => (problem.status === 404 ? undefined : failed(problem)));
}

async function onReconnect() {
  await threads.load().then(updateTitle, failed);
  refresh();
}

function welcome({ user, guest, models, demo }) {
  const names = models.map((model) => model.name ?? model);
  picker.replaceChildren(...names.map((name) => el("option", { value: name }, LABELS[name] ?? name)));
  choose(recall("model"));
  byId("demo").hidden = !demo;
  byId("who").textContent = guest ? gettext("Guest") : user.username;
  byId("log-in").hidden = !guest;
  byId("log-out").hidden = guest;
}

function listen() {
  scroller.append(spacer);
  view.attach();
  jump.addEventListener("click", () => view.toEnd());
  addEventListener("popstate", () => void switchTo(threadIdFromLocation()));
  picker.addEventListener("change", () => remember("model", picker.value));
  byId("new-chat").addEventListener("click", (event) => {
    event.preventDefault();
    void go(null);
  });
  byId("notice-close").addEventListener("click", () => (byId("notice").hidden = true));
  for (const button of byId("suggestions").querySelectorAll("button")) {
    button.addEventListener("click", () => conversation.say(button.dataset.say));
  }
}

/** Milliseconds until a page that did not reach the server tries again: short enough for a restart. */
const RETRY_DELAY_MS = 3000;

async function start() {
  try {
    welcome(await api.session());
    // A prompt sent before the session was loaded has begun its thread already.
    await Promise.all([threads.load(), conversation.sent ? undefined : switchTo(threadIdFromLocation())]);
  } catch (problem) {
    failed(problem);
    if (problem.status !== 401) setTimeout(() => void start(), RETRY_DELAY_MS);
    return;
  }
  updateTitle();
  choose(threads.thread(conversation.threadId)?.model);
  api.watch({ thread: onThreadEvent, back: () => void onReconnect() });
  announce(gettext("Ready."));
  composer.focus();
}

listen();
void start();
