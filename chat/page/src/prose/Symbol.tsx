/** The icons of code blocks and diagrams. */

const SHAPES = {
  wrap: "M4 6h16M4 12h12.500a3 3 0 0 1 0 6H12M14.500 15.500L12 18l2.500 2.500M4 18h4",
  save: "M12 4v11M7.500 11l4.500 4.500L16.500 11M5 20h14",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  done: "M5 12.500l4.500 4.500L19 7.500",
} as const;

export function Symbol({ shape }: { shape: keyof typeof SHAPES }) {
  return (
    <svg className="symbol" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={SHAPES[shape]} />
    </svg>
  );
}
