/**
 * The service worker: it keeps the page's shell, so that the page opens without the server, with drafts and what waits to be sent.
 * Never an answer of the API, a picture, a shared page or an account page: all of them go to the server as if it were not here.
 */

const CACHE = "chat-shell-1";
/** The one page of all chats: its HTML holds no content and no name. */
const PAGE = "/";

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(Promise.all([removeOtherCaches(), clients.claim()])));
addEventListener("message", (event) => event.waitUntil(keepAll(event.data.keep)));
addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate" && isChat(pathname)) event.respondWith(page(request, (work) => event.waitUntil(work)));
  else if (isPart(pathname)) event.respondWith(asset(request));
  else if (isStatic(pathname)) event.respondWith(newest(request));
});

const isPart = (path) => path.startsWith("/page/");
const isStatic = (path) => path.startsWith("/static/chat/");
const isChat = (path) => path === PAGE || /^\/c\/[^/]+$/.test(path);

/** Return the page from the server, else the one kept. `later` is for what the reader need not wait for. */
async function page(request, later) {
  try {
    const response = await fetch(request);
    later(keepPage(response.clone()));
    return response;
  } catch (problem) {
    const kept = await (await caches.open(CACHE)).match(PAGE);
    if (kept) return kept;
    throw problem;
  }
}

/** Keep the page, and remove the parts of other builds. A page that is not built cannot work alone, and is not kept. */
async function keepPage(response) {
  if (!response.ok || response.redirected) return;
  const build = /"(\/page\/[^/"]+\/)/.exec(await response.clone().text())?.[1];
  if (!build) return;
  const cache = await caches.open(CACHE);
  await cache.put(PAGE, response);
  const isOld = ({ url }) => new URL(url).pathname.startsWith("/page/") && !new URL(url).pathname.startsWith(build);
  await Promise.all((await cache.keys()).filter(isOld).map((request) => cache.delete(request)));
}

/** Return a part of a build, whose name changes with its content: the one kept, else the server's. */
async function asset(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request, { ignoreVary: true })) ?? keep(cache, request);
}

/** Return a file whose content may change under its name: the server's, else the one kept. */
async function newest(request) {
  const cache = await caches.open(CACHE);
  try {
    return await keep(cache, request);
  } catch (problem) {
    const kept = await cache.match(request, { ignoreVary: true });
    if (kept) return kept;
    throw problem;
  }
}

async function keep(cache, request) {
  const response = await fetch(request);
  if (response.ok && response.status === 200) await cache.put(request, response.clone());
  return response;
}

/** Keep the files of a page that was loaded before this worker ran. */
async function keepAll(addresses) {
  const cache = await caches.open(CACHE);
  for (const address of addresses) {
    const { origin, pathname } = new URL(address, location.origin);
    if (origin !== location.origin) continue;
    if (pathname === PAGE) await keepPage(await fetch(PAGE));
    else if ((isPart(pathname) || isStatic(pathname)) && !(await cache.match(pathname))) await keep(cache, new Request(pathname));
  }
}

async function removeOtherCaches() {
  const names = (await caches.keys()).filter((name) => name.startsWith("chat-shell-") && name !== CACHE);
  await Promise.all(names.map((name) => caches.delete(name)));
}
