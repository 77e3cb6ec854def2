/** Local storage for drafts and the last model. It may be full, off or forbidden. */

const PREFIX = "chat.";

export function remember(key, value) {
  try {
    if (value) localStorage.setItem(PREFIX + key, value);
    else localStorage.removeItem(PREFIX + key);
  } catch {
    // The page works without storage; drafts are lost at a reload then.
  }
}

export function recall(key) {
  try {
    return localStorage.getItem(PREFIX + key) ?? "";
  } catch {
    return "";
  }
}
