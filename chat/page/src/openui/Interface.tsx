/** A program drawn with OpenUI's components: what is clicked is said, what is filled in is kept. */

import "@openuidev/react-ui/layered/styles/index.css";
import "./openui.css";

import type { ActionEvent, OpenUIError, ParseResult } from "@openuidev/react-lang";
import { Renderer } from "@openuidev/react-lang";
import { useEffect, useMemo, useRef, useState } from "react";
import type { Actions } from "../parts/Readable";
import { loadCharts } from "./lateCharts";
import { isLoss, libraryFor } from "./library";
import type { Library } from "./types";

interface Props {
  program: string;
  running: boolean;
  actions: Actions;
  lost(): void;
}

export default function Interface({ program, running, actions, lost }: Props) {
  const { library, charts } = useMemo(() => libraryFor(program), [program]);
  const [form] = useState(() => actions.form() ?? undefined);
  const latest = useRef(actions);
  latest.current = actions;

  // A chart's name comes before its figures: there is time to fetch what draws it. Where it cannot be had, the renderer may
  // leave an empty place and say nothing.
  useEffect(() => {
    if (charts) loadCharts().catch(lost);
  }, [charts]);

  // The last result may come before the end of the answer: it is judged when both are there.
  const [result, setResult] = useState<ParseResult | null | undefined>();
  useEffect(() => {
    if (!running && result !== undefined && !isWhole(library, result)) lost();
  }, [running, result, library]);
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
        onParseResult={setResult}
        onError={failed}
      />
    </div>
  );
}

/** Whether all that the program says is on the page; one that is cut off says what it says. */
function isWhole(library: Library, result: ParseResult | null) {
  if (!result?.root) return false;
  const { incomplete, unresolved, errors } = result.meta;
  return incomplete || unresolved.length > 0 || !errors.some((error) => isLoss(library, error));
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
