/** Replacement of `react-syntax-highlighter` for OpenUI's code component: code like that of every other text. */

import { use } from "react";
import { CodeBlock } from "../prose/CodeBlock";
import { Growing } from "./Markdown";

export function Prism({ language, children }: { language?: string; children?: string }) {
  return <CodeBlock info={language ?? ""} code={String(children ?? "")} closed={!use(Growing)} />;
}
