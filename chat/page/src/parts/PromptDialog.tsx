/** The form for the arguments of an MCP server's prompt. */

import "./RequestCard.css";

import type { ServerPrompt } from "../state/apiTypes";
import type { Page } from "../state/page";
import { schemaOfPrompt, writePrompt } from "../state/serverPrompts";
import { words } from "../words";
import { Overlay } from "./Overlay";
import { RequestForm } from "./RequestForm";
import { useAttempt } from "./useAttempt";

export default function PromptDialog({ page, prompt, leave }: { page: Page; prompt: ServerPrompt; leave: () => void }) {
  const { problem, attempt } = useAttempt(page);
  const send = (content: Record<string, unknown>) =>
    void attempt("fill", () => writePrompt(page, prompt, content as Record<string, string>));
  return (
    <Overlay id="server-prompt" title={prompt.title} leave={leave}>
      {prompt.description && (
        <p className="note" dir="auto">
          {prompt.description}
        </p>
      )}
      <RequestForm schema={schemaOfPrompt(prompt)} label={prompt.title} fault={problem ? { path: "", text: problem } : null} send={send}>
        <button type="submit" className="chip">
          {words.serverPrompts.insert}
        </button>
      </RequestForm>
    </Overlay>
  );
}
