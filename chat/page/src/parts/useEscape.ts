/** Escape stops a running answer wherever the focus is; open dialogs and menus, and fields that it leaves, come first. */

import { isComposing } from "@plain/js/dom.js";
import { useEffect } from "react";

const LAYERS = "dialog[open], [role=dialog], [role=alertdialog], [role=menu], [role=listbox], [data-menu] > #sidebar";

export function useEscape(stop: () => boolean) {
  useEffect(() => {
    let covered = false;
    // A layer closes before the event arrives here: find it first.
    const before = () => (covered = document.querySelector(LAYERS) !== null);
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented || covered || isComposing(event)) return;
      if (stop()) event.preventDefault();
    };
    addEventListener("keydown", before, { capture: true });
    addEventListener("keydown", pressed);
    return () => {
      removeEventListener("keydown", before, { capture: true });
      removeEventListener("keydown", pressed);
    };
  }, []);
}
