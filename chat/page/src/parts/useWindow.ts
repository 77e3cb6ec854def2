/** The sizes of the window at which the page takes another form. The styles use the same sizes. */

import { useSyncExternalStore } from "react";

/** Return a hook that is true while the window matches the query. */
function hookOf(query: string) {
  const media = matchMedia(query);
  const subscribe = (listener: () => void) => {
    media.addEventListener("change", listener);
    return () => media.removeEventListener("change", listener);
  };
  return () => useSyncExternalStore(subscribe, () => media.matches);
}

/** True in a window of a phone's width, where the list of threads is a drawer. */
export const useNarrow = hookOf("(max-width: 52rem)");

/** True in a window of a few lines, as at 400 % zoom, where all that is not read folds away. */
export const useLow = hookOf("(max-height: 26rem)");
