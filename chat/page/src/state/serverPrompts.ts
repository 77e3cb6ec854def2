/** Prompts of MCP servers: their forms, and their text in the field for the next message. */

import type { ServerPrompt } from "./apiTypes";
import type { Page } from "./page";

/** Characters of an argument that the server takes. */
const MAX_VALUE = 20_000;

/** Return the schema of the form for a prompt's arguments. */
export function schemaOfPrompt({ arguments: given }: ServerPrompt): Record<string, unknown> {
  const properties = given.map(({ name, description }) => [name, { type: "string", description, maxLength: MAX_VALUE }]);
  return { type: "object", properties: Object.fromEntries(properties), required: given.filter((one) => one.required).map(({ name }) => name) };
}

/** Begin a message with a prompt: at once where it takes nothing, else after its form. */
export function beginWith(page: Page, prompt: ServerPrompt) {
  if (prompt.arguments.length) page.overlays.open({ kind: "prompt", prompt });
  else void writePrompt(page, prompt, {}).catch((problem: unknown) => page.failed(problem));
}

/** Write a prompt's text into the field, behind what stands there, and close its form. */
export async function writePrompt(page: Page, { server, name }: ServerPrompt, given: Record<string, string>) {
  const { text } = await page.api.serverPromptText(server, name, given);
  page.overlays.close();
  page.draft.write([page.draft.text.trimEnd(), text].filter(Boolean).join("\n\n"));
  // Once the form is gone, which holds the focus.
  setTimeout(() => document.getElementById("prompt")?.focus());
}
