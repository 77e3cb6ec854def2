/** The signed-in user, who opens the settings, and links to the server's pages for log-in, sign-up and log-out. */

import type { Page } from "../state/page";
import { words } from "../words";

export function AccountLinks({ page }: { page: Page }) {
  const { session } = page;
  if (!session) return <footer className="who" />;
  // Another tab or window gets the page of the server.
  const open = (event: React.MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    page.overlays.open({ kind: "settings" });
  };
  return (
    <footer className="who">
      <a id="who" href="/settings/" title={words.settings} aria-haspopup="dialog" onClick={open}>
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
