/** The reader's choice of a language, for this page and for the server's. No import: the build reads this file too. */

/** As `storage.js` names it. */
const KEY = "chat.language";
/** The cookie by which Django's pages know the language. */
const COOKIE = "django_language";
/** Seconds: a year, as long as a browser keeps a cookie that a script sets. */
const COOKIE_SECONDS = 31_536_000;

/** Return the chosen language's tag; empty for that of the browser. */
export function chosenLanguage(): string {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

/** Store the choice and load the page in that language. */
export function chooseLanguage(tag: string) {
  try {
    localStorage.setItem(KEY, tag);
  } catch {
    // Without storage the cookie alone holds the choice, for the server's pages.
  }
  document.cookie = `${COOKIE}=${tag}; path=/; max-age=${tag ? COOKIE_SECONDS : 0}; samesite=lax`;
  location.reload();
}
