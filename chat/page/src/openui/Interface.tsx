/** A program drawn with OpenUI's components: what is clicked is said, what is filled in is kept. */

import "@openuidev/react-ui/layered/styles/index.css";
import "./openui.css";

import type { ActionEvent, OpenUIError, ParseResult } from "@openuidev/react-lang";
import { Renderer } from "@openuidev/react-lang";
import { useMemo, useRef, useState } from "react";
import type { Actions } from "../parts/Readable";
import { isLoss, libraryFor } from "./library";

interface Props {
  program: string;
  running: boolean;
  actions: Actions;
  lost(): void;
}

export default function Interface({ program, running, actions, lost }: Props) {
  const library = useMemo(() => libraryFor(program), [program]);
  const [form] = useState(() => actions.form() ?? undefined);
  const latest = useRef(actions);
  latest.current = actions;

  const parsed = (result: ParseResult | null) => {
    if (running) return;
    const whole = result && !result.meta.incomplete && !result.meta.unresolved.length;
    if (!result?.root || (whole && result.meta.errors.some((error) => isLoss(library, error)))) lost();
  };
  const failed = (errors: OpenUIError[]) => {
    if (errors.some((error) => error.code === "render-error" || error.code === "parse-exception")) lost();
  };

  return (
    <div className="interface">
      <Renderer
        response={program}
        library={library}
        isStreaming={running}
        initialState={form}
        onAction={(event) => act(event, latest.current)}
        onStateUpdate={(state) => latest.current.change(state)}
        onParseResult={parsed}
        onError={failed}
      />
    </div>
  );
}

/** What a click does: it opens an address, or says the button's words with what C1's clients say about a click. */
function act({ type, params, humanFriendlyMessage, formName, formState }: ActionEvent, actions: Actions) {
  if (type === "open_url") {
    if (/^(https?:\/\/|mailto:)/i.test(String(params.url))) open(String(params.url), "_blank", "noopener,noreferrer");
    return;
  }
  const said = humanFriendlyMessage || String(params.context ?? "");
  if (!said) return;
  const about = typeof params.context === "string" ? params.context : `User clicked: ${said}`;
  actions.say(said, [about, formName ? (formState ?? {}) : {}]);
}
