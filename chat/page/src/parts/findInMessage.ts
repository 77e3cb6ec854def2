/** Marks of found words in a message, drawn by the browser without a change of the text. */

const NAME = "found";

/** Mark the words in an element. Return the place of the first one, or null. */
export function markFound(element: Element, found: string[]): Range | null {
  const ranges = found.length ? rangesOf(element, found) : [];
  if (typeof Highlight !== "undefined" && ranges.length) CSS.highlights.set(NAME, new Highlight(...ranges));
  return ranges[0] ?? null;
}

export function clearFound() {
  if (typeof Highlight !== "undefined") CSS.highlights.delete(NAME);
}

function rangesOf(element: Element, found: string[]): Range[] {
  const pattern = new RegExp(found.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|"), "gi");
  const ranges: Range[] = [];
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { currentNode } = walker;
    for (const match of (currentNode.nodeValue ?? "").matchAll(pattern)) {
      const range = new Range();
      range.setStart(currentNode, match.index);
      range.setEnd(currentNode, match.index + match[0].length);
      ranges.push(range);
    }
  }
  return ranges;
}
