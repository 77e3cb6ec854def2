/** The switch for notifications, shown while an answer runs, and as long as they are on. */

import type { Page } from "../state/page";
import { useStore } from "../state/store";
import { words } from "../words";
import { IconButton } from "./Icon";

export function NotifyButton({ page, running }: { page: Page; running: boolean }) {
  const notifier = useStore(page.notifier);
  if (!notifier.supported || !(running || notifier.wanted)) return null;
  const toggle = async () => {
    await notifier.toggle();
    if (notifier.refused) page.showNotice(words.notify.refused);
  };
  return <IconButton id="notify" className="notify" shape="bell" label={words.notify.label} aria-pressed={notifier.wanted} onClick={() => void toggle()} />;
}
