/** True in a window of a phone's width, where the list of threads is a drawer. The styles use the same width. */

import { useSyncExternalStore } from "react";

const narrow = matchMedia("(max-width: 52rem)");

function subscribe(listener: () => void) {
  narrow.addEventListener("change", listener);
  return () => narrow.removeEventListener("change", listener);
}

export const useNarrow = () => useSyncExternalStore(subscribe, () => narrow.matches);
