/** Filters of a list: a click elsewhere and Escape close the open one. */

const open = () => document.querySelector(".chat-filter[open]");

document.addEventListener("click", (event) => {
  const filter = open();
  if (filter && !filter.contains(event.target)) filter.open = false;
});

document.addEventListener("keydown", (event) => {
  const filter = open();
  if (event.key !== "Escape" || !filter) return;
  filter.open = false;
  filter.querySelector("summary").focus();
});
