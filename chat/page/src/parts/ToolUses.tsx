/** The tools that an answer has called, with their states, and their arguments and results where the server shows them. */

import "./ToolUses.css";

import { progressWords } from "@plain/js/thinking.js";
import type { Tool } from "../state/apiTypes";
import { toolWords } from "../state/toolNames";
import { words } from "../words";

export function ToolUses({ tools }: { tools: Tool[] }) {
  return (
    <ul className="tool-uses" aria-label={words.tools}>
      {tools.map((tool, index) => (
        <li key={index} data-state={tool.state}>
          <ToolUse tool={tool} />
        </li>
      ))}
    </ul>
  );
}

function ToolUse({ tool: { name, state, progress, arguments: asked, result, pictures = [] } }: { tool: Tool }) {
  const label = words.toolStates[state](toolWords(name));
  if (progress) return <Progress label={label} progress={progress} />;
  if (asked === undefined || asked === null) return label;
  return (
    <details className="tool-use">
      <summary>{label}</summary>
      <dl>
        <dt>{words.toolArguments}</dt>
        <dd>
          <pre tabIndex={0}>{typeof asked === "string" ? asked : JSON.stringify(asked, null, 2)}</pre>
        </dd>
        {typeof result === "string" && (
          <>
            <dt>{words.toolResult}</dt>
            <dd>
              <pre tabIndex={0}>{indented(result)}</pre>
              {pictures.map((url) => (
                <img key={url} src={url} alt={words.picture} />
              ))}
            </dd>
          </>
        )}
      </dl>
    </details>
  );
}

function Progress({ label, progress }: { label: string; progress: NonNullable<Tool["progress"]> }) {
  return (
    <span className="tool-progress">
      {label} {progress.fraction !== undefined && <progress value={progress.fraction} aria-label={label} />} <bdi>{progressWords(progress)}</bdi>
    </span>
  );
}

/** Return JSON with line breaks, and any other text as it is. */
function indented(text: string) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
