/** The reader's preference for a dark scheme: Thesys' client takes it as a prop and not from the page's styles. */

import { useSyncExternalStore } from "react";

const dark = matchMedia("(prefers-color-scheme: dark)");

function subscribe(listener: () => void) {
  dark.addEventListener("change", listener);
  return () => dark.removeEventListener("change", listener);
}

export const useDark = () => useSyncExternalStore(subscribe, () => dark.matches);
