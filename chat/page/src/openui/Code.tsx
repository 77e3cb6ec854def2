/** Replacement of `react-syntax-highlighter`: code in one colour. */

export function Prism({ language, className, children }: { language?: string; className?: string; children?: string }) {
  return (
    <pre className={className} tabIndex={0} aria-label={language}>
      <code>{children}</code>
    </pre>
  );
}
