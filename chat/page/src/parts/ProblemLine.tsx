/** The problem of a form or a dialog, announced when it appears; nothing without one. */

export function ProblemLine({ problem }: { problem: string }) {
  if (!problem) return null;
  return (
    <p className="problem" role="alert" dir="auto">
      {problem}
    </p>
  );
}
