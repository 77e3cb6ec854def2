/** Notices for the whole page: the demo model, and errors. */

import type { Page } from "../state/page";
import { useStore } from "../state/store";
import { words } from "../words";
import { IconButton } from "./Icon";

export function Banners({ page }: { page: Page }) {
  useStore(page);
  return (
    <>
      {page.session?.demo && (
        <p id="demo" className="banner">
          {words.demo}
        </p>
      )}
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
