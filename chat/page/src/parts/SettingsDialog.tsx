/** The settings: language, theme and model; instructions; files; connected servers; budgets; tokens of programs; import and export. */

import "./SettingsDialog.css";

import { Tabs } from "radix-ui";
import type { Page } from "../state/page";
import type { SignInOutcome } from "../state/signInOutcome";
import { words } from "../words";
import { BudgetSettings } from "./BudgetSettings";
import { ConnectionSettings } from "./ConnectionSettings";
import { DataSettings } from "./DataSettings";
import { FileSettings } from "./FileSettings";
import { GeneralSettings } from "./GeneralSettings";
import { InstructionSettings } from "./InstructionSettings";
import { Overlay } from "./Overlay";
import { TokenSettings } from "./TokenSettings";

interface Props {
  page: Page;
  signIn?: SignInOutcome;
  leave: () => void;
}

export default function SettingsDialog({ page, signIn, leave }: Props) {
  const connections = ["connections", words.connections, <ConnectionSettings page={page} signIn={signIn} />] as const;
  const budgets = ["budgets", words.budgets, <BudgetSettings page={page} />] as const;
  const sections = [
    ["general", words.general, <GeneralSettings page={page} />],
    ["instructions", words.instructions, <InstructionSettings page={page} />],
    ["files", words.files.list, <FileSettings page={page} />],
    ...(page.session?.connections || signIn ? [connections] : []),
    ...(page.session?.budgets?.length ? [budgets] : []),
    ["tokens", words.tokens, <TokenSettings page={page} />],
    ["data", words.data, <DataSettings page={page} />],
  ] as const;
  return (
    <Overlay id="settings" title={words.settings} leave={leave} wide>
      <Tabs.Root className="settings" defaultValue={signIn ? "connections" : "general"} dir={words.direction}>
        <Tabs.List className="settings-tabs" aria-label={words.settings}>
          {sections.map(([name, title]) => (
            <Tabs.Trigger key={name} value={name}>
              {title}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {sections.map(([name, , content]) => (
          <Tabs.Content key={name} value={name} className="settings-section">
            {content}
          </Tabs.Content>
        ))}
      </Tabs.Root>
    </Overlay>
  );
}
