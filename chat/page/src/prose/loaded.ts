/** Code that is fetched when it is first needed, and used at once from then on, so that nothing flickers. */

import { useEffect, useReducer } from "react";

export interface Loaded<T> {
  /** Return the module, or null until it is there; the component is drawn again then. */
  use(wanted?: boolean): T | null;
  /** Fetch the module before it is needed. */
  fetch(): Promise<void>;
}

export function loaded<T>(load: () => Promise<T>): Loaded<T> {
  let module: T | null = null;
  let coming: Promise<void> | null = null;
  const fetched = () =>
    (coming ??= load().then(
      (value) => void (module = value),
      // The next component that needs it tries again.
      () => void (coming = null),
    ));
  return {
    fetch: fetched,
    use(wanted = true) {
      const [, redraw] = useReducer((count: number) => count + 1, 0);
      useEffect(() => {
        let left = false;
        if (wanted && module === null) void fetched().then(() => left || redraw());
        return () => void (left = true);
      }, [wanted]);
      return wanted ? module : null;
    },
  };
}
