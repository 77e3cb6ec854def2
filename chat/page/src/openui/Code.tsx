/** Stands in for `react-syntax-highlighter`: code as it is, in one colour. */

export function Prism({ language, className, children }: { language?: string; className?: string; children?: string }) {
  return (
    <pre className={className} tabIndex={0} aria-label={language}>
      <code>{children}</code>
    </pre>
  );
}
