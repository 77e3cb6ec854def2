/** An excerpt around a search hit, with the matching words marked. */

export function Excerpt({ text, ranges }: { text: string; ranges: [number, number][] }) {
  // The server counts code points; a JavaScript string counts UTF-16 units.
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
