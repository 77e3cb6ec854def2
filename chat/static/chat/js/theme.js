// Apply the reader's colour scheme before the first paint: a classic script in the head, because a module would run after it.
try {
  const theme = localStorage.getItem("chat.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Without storage the system's scheme stays.
}
