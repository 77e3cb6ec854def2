/** Script of a thread's page in the admin: draws each reply as the chat does, with its text at hand. */

import { draw } from "./drawn.js";

const section = document.querySelector(".chat-transcript");
const replies = section.querySelectorAll("[data-chat-reply]");

/** Replies are drawn shortly before they come into view: a page has up to fifty. */
const AHEAD = "600px";

const watcher = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      watcher.unobserve(target);
      show(target);
    }
  },
  { rootMargin: AHEAD },
);
for (const reply of replies) watcher.observe(reply);

function show(reply) {
  const raw = reply.querySelector('[data-part="raw"]');
  if (raw) draw(reply.querySelector(".chat-text") ?? raw, raw.textContent, section.dataset.chatFrame);
}

const asText = section.querySelector('[data-part="as-text"]');
asText.hidden = replies.length === 0;
asText.addEventListener("change", (event) => section.classList.toggle("chat-as-text", event.target.checked));
