/** The time since the last activity of a chat: short for the eye, in words for screen readers. */

import { useEffect, useState } from "react";
import { ageOf, momentOf } from "../format";

/** Milliseconds between two looks at the clock: ages are in minutes. */
const MINUTE = 60_000;

/** Return the present time, anew each minute. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), MINUTE);
    return () => clearInterval(timer);
  }, []);
  return now;
}

export function Age({ time, now }: { time: string; now: number }) {
  const { short, long } = ageOf(time, now);
  return (
    <time dateTime={time} title={momentOf(time)}>
      <span aria-hidden="true">{short}</span>
      <span className="unseen"> {long}</span>
    </time>
  );
}
