/** A shared thread: the generated interfaces on top of the words that the server wrote, with nothing in them to set off. */

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
