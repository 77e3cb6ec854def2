/** Some text around what a search found, with the found words marked. */

export function Excerpt({ text, ranges }: { text: string; ranges: [number, number][] }) {
  // The server counts characters; a string of the browser counts halves of some of them.
  const characters = Array.from(text);
  const between = (from: number, to: number) => characters.slice(from, to).join("");
  let at = 0;
  const pieces = ranges.map(([from, to]) => {
    const piece = [between(at, from), <mark key={from}>{between(from, to)}</mark>];
    at = to;
    return piece;
  });
  return (
    <span className="excerpt" dir="auto">
      {pieces}
      {between(at, characters.length)}
    </span>
  );
}
