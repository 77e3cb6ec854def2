/** A button with a small menu: arrow keys move in it, Escape and a click outside close it. */

import { useEffect, useId, useRef, useState } from "react";
import { IconButton, type Shape } from "./Icon";

export interface Choice {
  label: string;
  act?: () => void;
  /** An address to open instead of an action. */
  href?: string;
  danger?: boolean;
}

export function Menu({ label, shape = "more", choices }: { label: string; shape?: Shape; choices: Choice[] }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const container = useRef<HTMLDivElement>(null);
  const items = () => [...(container.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];

  useEffect(() => {
    if (!open) return;
    items()[0]?.focus();
    const outside = (event: Event) => {
      if (!container.current?.contains(event.target as Node)) setOpen(false);
    };
    addEventListener("pointerdown", outside);
    addEventListener("focusin", outside);
    return () => {
      removeEventListener("pointerdown", outside);
      removeEventListener("focusin", outside);
    };
  }, [open]);

  const close = () => {
    setOpen(false);
    container.current?.querySelector<HTMLElement>("button")?.focus();
  };
  const pressed = (event: React.KeyboardEvent) => {
    if (!open) return;
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) all[to % all.length]?.focus();
    if (event.key === "Escape") close();
    if (to !== undefined || event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  const chosen = (choice: Choice) => {
    close();
    choice.act?.();
  };

  return (
    <div className="menu-place" ref={container} onKeyDown={pressed}>
      <IconButton
        shape={shape}
        label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      />
      {open && (
        <div className="menu-list" role="menu" id={id} aria-label={label}>
          {choices.map((choice) =>
            choice.href ? (
              <a key={choice.label} role="menuitem" tabIndex={-1} href={choice.href} onClick={close}>
                {choice.label}
              </a>
            ) : (
              <button
                key={choice.label}
                type="button"
                role="menuitem"
                tabIndex={-1}
                className={choice.danger ? "bad" : undefined}
                onClick={() => chosen(choice)}
              >
                {choice.label}
              </button>
            ),
          )}
        </div>
      )}
    </div>
  );
}
