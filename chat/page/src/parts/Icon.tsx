/** The page's icons: strokes in the text's colour. */

const SHAPES = {
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6L6 18",
  send: "M12 19V5M6 11l6-6 6 6",
  stop: "M7 7h10v10H7z",
  more: "M4.500 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0M11 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0M17.500 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16.5 16.5L21 21",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  again: "M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6",
  good: "M7 11l4-7c1.5 0 2.4 1 2 2.6L12.300 10H19c1 0 1.700 1 1.400 2l-1.600 6.500c-.2.900-1 1.500-1.900 1.500H7M7 11v9H4v-9z",
  bad: "M17 13l-4 7c-1.500 0-2.400-1-2-2.600l.7-3.400H5c-1 0-1.700-1-1.400-2l1.600-6.500C5.400 4.600 6.200 4 7.100 4H17M17 13V4h3v9z",
  before: "M15 6l-6 6 6 6",
  after: "M9 6l6 6-6 6",
  share: "M12 15V4M8 7.500L12 3.500l4 4M6 11H5v9h14v-9h-1",
  attach: "M5 5h14v14H5zM5 16l4.500-4.500 4 4 2-2L19 17M14.500 9.500h.01",
  archive: "M4 5h16v4H4zM6 9v10h12V9M10 13h4",
  remove: "M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12",
} as const;

export type Shape = keyof typeof SHAPES;

export function Icon({ shape }: { shape: Shape }) {
  return (
    <svg className="shape" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={SHAPES[shape]} />
    </svg>
  );
}

interface Props extends React.ButtonHTMLAttributes<HTMLButtonElement> {
  shape: Shape;
  label: string;
}

/** A button with an icon alone; its label is read aloud and shown on hovering. */
export function IconButton({ shape, label, className = "", ...rest }: Props) {
  return (
    <button type="button" className={`icon drawn ${className}`} aria-label={label} title={label} {...rest}>
      <Icon shape={shape} />
    </button>
  );
}
