/** What this browser remembers: drafts per thread and the last model. Storage may be full, off or forbidden. */

const PREFIX = "chat.";

export function remember(key, value) {
  try {
    if (value) localStorage.setItem(PREFIX + key, value);
    else localStorage.removeItem(PREFIX + key);
  } catch {
    // Without storage the page works on, it only forgets.
  }
}

export function recall(key) {
  try {
    return localStorage.getItem(PREFIX + key) ?? "";
  } catch {
    return "";
  }
}
