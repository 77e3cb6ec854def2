/** The tools that an answer has called, with their states. */

import type { Tool } from "../state/apiTypes";
import { words } from "../words";

export function ToolUses({ tools }: { tools: Tool[] }) {
  return (
    <ul className="tool-uses" aria-label={words.tools}>
      {tools.map(({ name, state }, index) => (
        <li key={index} data-state={state}>
          {words.toolStates[state](name.replaceAll("_", " "))}
        </li>
      ))}
    </ul>
  );
}
