/** The signed-in user, and links to the server's pages for log-in, sign-up, settings and log-out. */

import type { Page } from "../state/page";
import { words } from "../words";

export function AccountLinks({ page: { session } }: { page: Page }) {
  if (!session) return <footer className="who" />;
  return (
    <footer className="who">
      <a id="who" href="/settings/" title={words.settings}>
        {session.guest ? words.guest : session.user.username}
        <span className="unseen"> ({words.settings})</span>
      </a>
      {session.guest ? (
        <span className="ways">
          <a href="/login/">{words.logIn}</a>
          <a href="/signup/">{words.signUp}</a>
        </span>
      ) : (
        <span className="ways">
          <form method="post" action="/logout/">
            <input type="hidden" name="csrfmiddlewaretoken" value={session.csrfToken} />
            <button type="submit" className="plain">
              {words.logOut}
            </button>
          </form>
        </span>
      )}
    </footer>
  );
}
