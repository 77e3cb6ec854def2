/** An older answer of a long chat in plain words, until it is drawn: it can be found and read, and costs little. */

import { blocksOf, plainText } from "@plain/js/blocks.js";
import { memo } from "react";
import type { Reply } from "../state/reply";

export const Sketch = memo(function Sketch({ reply }: { reply: Reply }) {
  return (
    <p className="body" dir="auto">
      {plainText(blocksOf(reply.text))}
    </p>
  );
});
