/** A dialog over the page: focus stays in it, Escape and a click outside close it, and focus returns to where it was. */

import "./Overlay.css";

import { Dialog } from "radix-ui";
import { words } from "../words";
import { IconButton } from "./Icon";

interface Props {
  id: string;
  title: string;
  leave: () => void;
  children: React.ReactNode;
  wide?: boolean;
}

export function Overlay({ id, title, leave, children, wide }: Props) {
  // Radix would focus the first button, which closes the dialog; a screen reader begins with its title.
  const focusDialog = (event: Event) => {
    event.preventDefault();
    document.getElementById(id)?.focus();
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && leave()}>
      <Dialog.Portal>
        <Dialog.Overlay className="overlay" />
        <Dialog.Content id={id} className={wide ? "dialog wide-dialog" : "dialog"} aria-describedby={undefined} onOpenAutoFocus={focusDialog}>
          <div className="dialog-head">
            <Dialog.Title dir="auto">{title}</Dialog.Title>
            <Dialog.Close asChild>
              <IconButton shape="close" label={words.close} />
            </Dialog.Close>
          </div>
          {children}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
