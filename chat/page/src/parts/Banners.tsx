/** Notices for the whole page: errors, and what a temporary chat is. */

import type { Page } from "../state/page";
import { useStore } from "../state/store";
import { words } from "../words";
import { IconButton } from "./Icon";

export function Banners({ page }: { page: Page }) {
  useStore(page);
  const begins = useStore(page.conversation).items.length === 0;
  return (
    <>
      <div role="status">{page.temporary && begins && <p className="banner temporary-banner">{words.temporaryMore}</p>}</div>
      <div role="alert">
        {page.notice && (
          <div id="notice" className="banner problem">
            <span>{page.notice}</span>
            <IconButton shape="close" label={words.closeNotice} onClick={() => page.showNotice("")} />
          </div>
        )}
      </div>
    </>
  );
}
