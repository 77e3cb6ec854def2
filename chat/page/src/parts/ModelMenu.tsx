/** The menu of models, each with its description and abilities, and of the efforts that the chosen one offers. */

import "./Menu.css";

import { DropdownMenu } from "radix-ui";
import type { Page } from "../state/page";
import { words } from "../words";
import { Icon } from "./Icon";
import { focusItem } from "./MenuList";
import { abilitiesOf, modelDescription, modelTitle } from "./models";

interface Props {
  page: Page;
  open: boolean;
  setOpen: (open: boolean) => void;
  children: React.ReactNode;
}

export default function ModelMenu({ page, open, setOpen, children }: Props) {
  return (
    <DropdownMenu.Root open={open} onOpenChange={setOpen} modal={false} dir={words.direction}>
      <DropdownMenu.Trigger asChild>{children}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className="menu-list model-menu"
          ref={focusItem}
          aria-label={words.chooseModel}
          align="end"
          sideOffset={4}
          collisionPadding={8}
          loop
        >
          <DropdownMenu.RadioGroup value={page.model} onValueChange={(model) => page.choose(model)}>
            {page.models.map((model) => (
              <DropdownMenu.RadioItem key={model} value={model} textValue={modelTitle(page, model)} data-model={model}>
                <ModelLines page={page} model={model} />
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
          {page.efforts.length > 0 && <Efforts page={page} />}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function ModelLines({ page, model }: { page: Page; model: string }) {
  return (
    <>
      <span className="model-name">
        {modelTitle(page, model)}
        <DropdownMenu.ItemIndicator>
          <Icon shape="check" />
        </DropdownMenu.ItemIndicator>
      </span>
      <span className="model-about">{modelDescription(page, model)}</span>
      <span className="model-abilities">{abilitiesOf(page, model).join(" · ")}</span>
    </>
  );
}

/** The effort that the model takes for the next prompts. */
function Efforts({ page }: { page: Page }) {
  return (
    <>
      <hr />
      <DropdownMenu.Label className="menu-title">{words.effort}</DropdownMenu.Label>
      <DropdownMenu.RadioGroup
        className="efforts"
        aria-label={words.effort}
        value={page.effort}
        onValueChange={(effort) => page.chooseEffort(effort)}
      >
        {["", ...page.efforts].map((effort) => (
          <DropdownMenu.RadioItem key={effort} value={effort}>
            {effort ? (words.efforts[effort] ?? effort) : words.effortUsual}
            <DropdownMenu.ItemIndicator>
              <Icon shape="check" />
            </DropdownMenu.ItemIndicator>
          </DropdownMenu.RadioItem>
        ))}
      </DropdownMenu.RadioGroup>
    </>
  );
}
