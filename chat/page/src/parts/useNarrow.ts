/** Whether the window is a phone's: the list of threads is a drawer then. The same width as in the styles. */

import { useSyncExternalStore } from "react";

const narrow = matchMedia("(max-width: 52rem)");

function subscribe(listener: () => void) {
  narrow.addEventListener("change", listener);
  return () => narrow.removeEventListener("change", listener);
}

export const useNarrow = () => useSyncExternalStore(subscribe, () => narrow.matches);
