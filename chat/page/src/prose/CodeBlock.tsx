/** A block of code: its language, its colours, and buttons to wrap, save and copy it. Mermaid's is drawn as a diagram. */

import { memo, useEffect, useRef, useState } from "react";
import { copy } from "../parts/copy";
import { saveText } from "../parts/saveText";
import { words } from "../words";
import { Diagram } from "./Diagram";
import { MathPiece } from "./MathPiece";
import { extensionOf, labelOf } from "./languages";
import { loaded } from "./loaded";
import { Symbol } from "./Symbol";

export const highlighter = loaded(() => import("./highlight"));

/** Characters up to which code is coloured: a longer one would take more than a frame. */
const MAX_COLOURED = 30_000;
/** Characters up to which code is coloured anew with each piece that arrives. */
const MAX_COLOURED_GROWING = 4_000;
/** Milliseconds for which "copied" is shown. */
const COPIED_MS = 2000;

interface Props {
  /** The words behind the fence, of which the first is the language. */
  info: string;
  code: string;
  /** False while the end of the code is still to come. */
  closed: boolean;
  /** True where long lines are wrapped at first, as those of prose. */
  wrapped?: boolean;
}

export const CodeBlock = memo(function CodeBlock({ info, code, closed, wrapped = false }: Props) {
  const language = (/^[^\s{:,]+/.exec(info)?.[0] ?? "").toLowerCase();
  const source = <Source language={language} code={code} closed={closed} wrapped={wrapped} />;
  if (language === "math") return <MathPiece raw={code} tex={code} block closed={closed} />;
  return language === "mermaid" && closed ? <Diagram source={code} fallback={source} /> : source;
});

function Source({ language, code, closed, wrapped }: { language: string; code: string; closed: boolean; wrapped: boolean }) {
  const [wrap, setWrap] = useState(wrapped);
  const label = labelOf(language);
  return (
    <div className="code" data-wrap={wrap || undefined}>
      <div className="code-head">
        <span className="code-language">{label || words.reply.code}</span>
        <button type="button" className="code-button" aria-pressed={wrap} title={words.wrapLines} aria-label={words.wrapLines} onClick={() => setWrap(!wrap)}>
          <Symbol shape="wrap" />
        </button>
        <button type="button" className="code-button" title={words.saveCode} aria-label={words.saveCode} onClick={() => saveText(code, `code.${extensionOf(language)}`)}>
          <Symbol shape="save" />
        </button>
        <CopyButton text={code} />
      </div>
      <pre tabIndex={0} dir="ltr" aria-label={`${words.reply.code} ${label}`.trim()}>
        <code>
          <Coloured language={language} code={code} closed={closed} />
        </code>
      </pre>
    </div>
  );
}

function Coloured({ language, code, closed }: { language: string; code: string; closed: boolean }) {
  const wanted = language !== "" && code.length <= (closed ? MAX_COLOURED : MAX_COLOURED_GROWING);
  const colours = highlighter.use(wanted);
  return <>{colours?.highlight(code, language) ?? code}</>;
}

/** A button that shows for a while that it has copied. */
function CopyButton({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const click = async () => {
    if (!(await copy(text))) return;
    setCopied(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setCopied(false), COPIED_MS);
  };
  return (
    <button type="button" className="code-button copying" data-copied={copied || undefined} aria-label={words.copyCode} title={words.copyCode} onClick={() => void click()}>
      <Symbol shape={copied ? "done" : "copy"} />
      <span aria-hidden="true">{copied ? words.copiedShort : words.copy}</span>
    </button>
  );
}
