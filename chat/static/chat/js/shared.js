/** A shared thread: draw the interfaces over the server's plain text, with all controls disabled. */

import { blocksOf } from "./blocks.js";
import { storedForm } from "./envelope.js";
import { patch } from "./render.js";

const replies = JSON.parse(document.querySelector("#replies").textContent);

const nothing = () => undefined;

for (const element of document.querySelectorAll("[data-reply]")) {
  const content = replies[Number(element.dataset.reply)];
  const blocks = blocksOf(content);
  if (blocks.length) show(element.querySelector(".body"), blocks, storedForm(content));
}

function show(body, blocks, form) {
  body.replaceChildren();
  patch(body, blocks, [], { say: nothing, change: nothing, form });
  for (const control of body.querySelectorAll("button, input, select, textarea")) control.disabled = true;
}
