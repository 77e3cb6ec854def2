/** Errors of the server as texts for the reader. */

import { gettext } from "./translation.js";

/** Advice where the server's own text is written for programmers. */
const ADVICE = {
  unauthenticated: gettext("You are no longer logged in. Reload the page to go on."),
  forbidden_origin: gettext("This page was opened under an address that the server does not accept. Open it under the server's own address."),
  not_found: gettext("This chat no longer exists. Start a new one."),
  too_large: gettext("This message is too large. Shorten it and send it again."),
};
/** Texts for readers of other languages; the server's own ones are more exact, but English. */
const TRANSLATED = {
  bad_request: gettext("The server did not understand this."),
  csrf_failed: gettext("The page is out of date. Reload it."),
  thread_busy: gettext("An answer is running in this chat. Wait for its end, or stop it."),
  quota_exceeded: gettext("You have reached a limit of this server. Wait a while, or delete chats."),
  model_not_found: gettext("There is no such model."),
  model_failed: gettext("The model could not answer."),
  model_timeout: gettext("The model took too long."),
  unavailable: gettext("The server is busy or starting. Try again in a moment."),
};

/** Return the text of an error; undefined for one without. */
export function textOf({ code, message }) {
  const translated = document.documentElement.lang === "en" ? undefined : TRANSLATED[code];
  return ADVICE[code] ?? translated ?? message;
}
