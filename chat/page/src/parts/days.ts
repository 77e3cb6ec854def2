/** Group threads by the day of their last activity, in the reader's time zone. */

import { monthOf } from "../format";
import { words } from "../words";

const DAY = 86_400_000;

/** Return `[name, threads]` pairs in the order of `threads`; `now` is the reader's time. */
export function byDay<T extends { updatedAt: string }>(threads: T[], now: Date): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const thread of threads) {
    const name = dayName(new Date(thread.updatedAt), now);
    groups.set(name, [...(groups.get(name) ?? []), thread]);
  }
  return [...groups];
}

function dayName(then: Date, now: Date) {
  // Midnights are 23 to 25 hours apart at clock changes: rounding gives whole days.
  const ago = Math.round((midnight(now) - midnight(then)) / DAY);
  if (ago <= 0) return words.days.today;
  if (ago === 1) return words.days.yesterday;
  if (ago < 7) return words.days.week;
  if (ago < 30) return words.days.month;
  return monthOf(then);
}

const midnight = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
