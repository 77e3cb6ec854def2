/** Draws a stored reply as the chat does: by the built page where there is one, else as the plain page. */

import { blocksOf } from "../blocks.js";
import { storedForm } from "../envelope.js";
import { patch } from "../render.js";
import { AnswerFrame } from "./answerFrame.js";

/** Puts the reply `source`, drawn, ahead of the element `text` with its text, which a reader may ask for. */
export function draw(text, source, address) {
  const drawn = document.createElement("div");
  drawn.className = "chat-drawn";
  if (address) {
    const frame = new AnswerFrame(address, () => drawPlain(drawn, source));
    drawn.append(frame.element);
    frame.show(source, false);
  } else {
    drawPlain(drawn, source);
  }
  text.before(drawn);
  text.classList.add("chat-replaced");
}

/** Draws as the plain page does, with all controls disabled. */
function drawPlain(drawn, source) {
  drawn.classList.add("chat-stage", "body");
  drawn.replaceChildren();
  patch(drawn, blocksOf(source, false), [], { say() {}, submit() {}, change() {}, form: storedForm(source) });
  for (const control of drawn.querySelectorAll("button, input, select, textarea")) control.disabled = true;
}
