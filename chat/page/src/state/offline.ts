/** Registration of the service worker, by which the page opens without the server and can be installed. */

/** Have the browser run the service worker, and the worker keep what this first load has fetched without it. */
export async function installWorker() {
  // Browsers have it in secure contexts only: https and loopback.
  if (!("serviceWorker" in navigator)) return;
  const known = navigator.serviceWorker.controller !== null;
  await navigator.serviceWorker.register("/service-worker.js");
  const { active } = await navigator.serviceWorker.ready;
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  if (!known) active?.postMessage({ keep: ["/", ...loaded] });
}
