/** The opened menu of a button: arrow keys and first letters move in it, Escape and a click outside close it. */

import "./Menu.css";

import { DropdownMenu } from "radix-ui";
import { useRef } from "react";
import { words } from "../words";
import type { Choice } from "./Menu";

/** Focus the chosen item of a menu that has just been drawn, or the first; Radix itself does so after a key alone. */
export function focusItem(menu: HTMLElement | null) {
  const item = () => menu?.querySelector<HTMLElement>('[aria-checked="true"]') ?? menu?.querySelector<HTMLElement>("[role^=menuitem]");
  setTimeout(() => item()?.focus());
}

interface Props {
  label: string;
  choices: Choice[];
  open: boolean;
  setOpen: (open: boolean) => void;
  children: React.ReactNode;
}

export default function MenuList({ label, choices, open, setOpen, children }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  const chosen = useRef(false);
  // At once, for a row that is drawn anew takes its open menu along. The focus is back on the button before: an action may
  // move it itself, into a field or a dialog, which returns it there.
  const choose = (choice: Choice) => {
    chosen.current = true;
    button.current?.focus();
    choice.act?.();
  };
  const closed = (event: Event) => {
    if (chosen.current) event.preventDefault();
    chosen.current = false;
  };
  return (
    <DropdownMenu.Root open={open} onOpenChange={setOpen} modal={false} dir={words.direction}>
      <DropdownMenu.Trigger asChild ref={button}>
        {children}
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className="menu-list"
          ref={focusItem}
          aria-label={label}
          align="end"
          sideOffset={4}
          collisionPadding={8}
          loop
          onCloseAutoFocus={closed}
        >
          {choices.map((choice) =>
            choice.href ? (
              <DropdownMenu.Item key={choice.label} asChild>
                <a href={choice.href}>{choice.label}</a>
              </DropdownMenu.Item>
            ) : (
              <DropdownMenu.Item
                key={choice.label}
                className={choice.danger ? "bad" : undefined}
                onSelect={() => choose(choice)}
              >
                {choice.label}
              </DropdownMenu.Item>
            ),
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
