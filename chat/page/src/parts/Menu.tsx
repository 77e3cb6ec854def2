/** A button with a menu. The menu's code is loaded at its first use: most menus are never opened. */

import { lazy, Suspense, useState } from "react";
import { IconButton, type Shape } from "./Icon";

export interface Choice {
  label: string;
  act?: () => void;
  /** An address to open instead of an action. */
  href?: string;
  danger?: boolean;
}

const MenuList = lazy(() => import("./MenuList"));

export function Menu({ label, shape = "more", choices }: { label: string; shape?: Shape; choices: Choice[] }) {
  const [used, setUsed] = useState(false);
  const [open, setOpen] = useState(false);
  const begin = () => {
    setUsed(true);
    setOpen(true);
  };
  const button = (
    <IconButton shape={shape} label={label} aria-haspopup="menu" aria-expanded={open} onClick={used ? undefined : begin} />
  );
  return (
    <div className="menu-place">
      {used ? (
        <Suspense fallback={button}>
          <MenuList label={label} choices={choices} open={open} setOpen={setOpen}>
            {button}
          </MenuList>
        </Suspense>
      ) : (
        button
      )}
    </div>
  );
}
