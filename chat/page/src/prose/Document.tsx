/** A text in Markdown, drawn block by block: a growing text redraws its last block alone. */

import "./prose.css";

import { memo, useEffect, useId, useMemo, useState } from "react";
import RealMarkdown, { type Options } from "real-markdown";
import remarkGfm from "remark-gfm";
import { words } from "../words";
import { blocksOf, fenceOf } from "./blocks";
import { CodeBlock } from "./CodeBlock";
import { elements } from "./elements";
import { extractMath } from "./math";
import { rehypePieces, remarkWithoutMarkup } from "./plugins";
import { completed } from "./tail";

/** Characters of a block that is read as Markdown, some 50 ms of work; a longer one, which no model writes on purpose, is plain text. */
const MAX_BLOCK = 30_000;
/** Characters drawn at once; the rest of a long text follows bit by bit, so that the page stays responsive. */
const CHARACTERS_AT_ONCE = 20_000;

interface Props {
  text: string;
  /** True while more of the text is to come. */
  running: boolean;
}

export default function Document({ text, running }: Props) {
  const blocks = useMemo(() => blocksOf(text), [text]);
  const prefix = useId().replace(/\W/g, "");
  const shown = useShown(blocks);
  return (
    <div className="prose document">
      {blocks.slice(0, shown).map((block, index) => (
        <Block key={index} block={block} growing={running && index === blocks.length - 1} prefix={prefix} />
      ))}
    </div>
  );
}

/** Return how many blocks to draw now: more with each task, until all are. */
function useShown(blocks: string[]) {
  const [limit, setLimit] = useState(CHARACTERS_AT_ONCE);
  let total = 0;
  const shown = blocks.findIndex((block) => (total += block.length) - block.length > limit);
  useEffect(() => {
    if (shown < 0) return;
    const timer = setTimeout(() => setLimit(limit + CHARACTERS_AT_ONCE));
    return () => clearTimeout(timer);
  }, [shown < 0, limit]);
  return shown < 0 ? blocks.length : shown;
}

const Block = memo(function Block({ block, growing, prefix }: { block: string; growing: boolean; prefix: string }) {
  const fence = fenceOf(block);
  if (fence) return <CodeBlock info={fence.info} code={fence.code} closed={fence.closed || !growing} />;
  if (block.length > MAX_BLOCK) return <p>{block}</p>;
  const { text, pieces } = extractMath(block, growing);
  const pipeline: Options = {
    remarkPlugins: [remarkWithoutMarkup as never, [remarkGfm, { singleTilde: false }]],
    rehypePlugins: [[rehypePieces, pieces, prefix]],
    remarkRehypeOptions: {
      clobberPrefix: `${prefix}-`,
      footnoteLabel: words.footnotes,
      footnoteLabelTagName: "h2",
      footnoteBackLabel: (reference: number) => words.backToText(reference + 1),
    },
    urlTransform: (address) => address,
    components: elements,
  };
  return <RealMarkdown {...pipeline}>{growing ? completed(text) : text}</RealMarkdown>;
});
