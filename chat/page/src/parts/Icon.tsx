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
  attach: "M20 11.500l-8.200 8.200a5 5 0 0 1-7-7L13.300 4.200a3.300 3.300 0 0 1 4.700 4.700l-8.400 8.400a1.700 1.700 0 0 1-2.400-2.400l7.800-7.800",
  file: "M6 3.500h8l4 4v13H6zM14 3.500v4h4M9 12h6M9 15.500h6",
  camera: "M4 8h4l1.500-2.500h5L16 8h4v11H4zM12 16.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7z",
  bell: "M6 17V11a6 6 0 0 1 12 0v6l1.500 1.500h-15zM10 21h4",
  now: "M13 3L5.500 13.500H11L10 21l8.500-11H13z",
  up: "M12 19V6M6 12l6-6 6 6",
  down: "M12 5v13M6 12l6 6 6-6",
  archive: "M4 5h16v4H4zM6 9v10h12V9M10 13h4",
  remove: "M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12",
  fold: "M4 5h16v14H4zM9.500 5v14",
  pin: "M9 4h6l-1 6 3 3v2H7v-2l3-3zM12 15v6",
  select: "M4 5h16v14H4zM8.500 12l2.500 2.500 5-5",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.500v5M9 14.500v5",
  temporary: "M12 21a8.500 8.500 0 1 0 0-17 8.500 8.500 0 0 0 0 17zM12 8v5l3 2",
  open: "M6 9l6 6 6-6",
  save: "M12 4v11M7 10.500l5 5 5-5M5 20h14",
  full: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  check: "M5 12.500l4.500 4.500L19 7.500",
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
