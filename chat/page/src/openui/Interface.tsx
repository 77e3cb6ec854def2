/** A program drawn with OpenUI's components. Clicks send messages; form values are stored with the answer. */

import "@openuidev/react-ui/layered/styles/index.css";
import "./openui.css";

import type { ActionEvent, OpenUIError, ParseResult } from "@openuidev/react-lang";
import { Renderer } from "@openuidev/react-lang";
import { useEffect, useMemo, useRef, useState } from "react";
import type { Actions } from "../parts/Readable";
import { nameTables, useNaming } from "./accessibleNames";
import { chartTheme, ThemeContext } from "./chartTheme";
import { loadCharts } from "./lazyCharts";
import { isLoss, libraryFor } from "./library";
import { Growing } from "./Markdown";
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

  // A chart's name arrives before its figures, which leaves time to fetch the chart code. If that fails, the renderer may
  // leave a gap and report no error.
  useEffect(() => {
    if (charts) loadCharts().catch(lost);
  }, [charts]);

  // The last parse result may come before the end of the answer: it is judged when both are there.
  const [result, setResult] = useState<ParseResult | null | undefined>();
  useEffect(() => {
    if (!running && result !== undefined && !isWhole(library, result)) lost();
  }, [running, result, library]);
  const failed = (errors: OpenUIError[]) => {
    if (errors.some((error) => error.code === "render-error" || error.code === "parse-exception")) lost();
  };

  return (
    <div className="interface" ref={useNaming(nameTables)}>
      <ThemeContext.Provider value={chartTheme}>
      <Growing value={running}>
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
      </Growing>
      </ThemeContext.Provider>
    </div>
  );
}

/** Return true if the whole program is shown. A program that is cut off counts as whole. */
function isWhole(library: Library, result: ParseResult | null) {
  if (!result?.root) return false;
  const { incomplete, unresolved, errors } = result.meta;
  return incomplete || unresolved.length > 0 || !errors.some((error) => isLoss(library, error));
}

/** Handle a click: open an address, or send the button's text with the context that C1's clients send. */
function act({ type, params, humanFriendlyMessage, formName, formState }: ActionEvent, actions: Actions) {
  if (type === "open_url") {
    if (/^(https?:\/\/|mailto:)/i.test(String(params.url))) open(String(params.url), "_blank", "noopener,noreferrer");
    return;
  }
  const text = humanFriendlyMessage || String(params.context ?? "");
  if (!text) return;
  const about = typeof params.context === "string" ? params.context : `User clicked: ${text}`;
  actions.say(text, [about, formName ? (formState ?? {}) : {}]);
}
