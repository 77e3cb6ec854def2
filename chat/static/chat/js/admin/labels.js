/** Names of controls that Django's own scripts build without one. */
"use strict";

// After the other listeners of the event, in which Django's scripts build them.
window.addEventListener("load", () => setTimeout(nameControls));

const plain = (node) => node.textContent.replace(/:?\s*$/, "").trim();

function nameControls() {
  // The filters of a choice of many: a span with a label needs a role.
  for (const icon of document.querySelectorAll(".search-label-icon[aria-label]")) icon.setAttribute("role", "img");
  // A select with a search: its text box is empty at first, and names the whole control.
  for (const box of document.querySelectorAll(".select2-selection__rendered[role=textbox]")) {
    const select = box.closest(".select2").previousElementSibling;
    box.setAttribute("aria-label", plain(select.labels[0]));
  }
  // A day and its time: the words before each are no label of it, and the field's own stands for both.
  for (const input of document.querySelectorAll(".datetime input")) {
    input.setAttribute("aria-label", `${plain(input.closest(".form-row").querySelector("label, legend"))}, ${plain(input.previousSibling)}`);
  }
}
