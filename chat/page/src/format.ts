/** Dates, times and sizes in the reader's language. */

import { language, words } from "./words";

const BYTES_PER_KB = 1024;
export const BYTES_PER_MB = 1024 * BYTES_PER_KB;

const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "long", year: "numeric" });
const month = new Intl.DateTimeFormat(language, { month: "long", year: "numeric" });
const moment = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const megabytes = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });

const plainNumber = new Intl.NumberFormat(language);

/** Return a number, or an amount of money where it has a currency (three letters). */
export const amountOf = (amount: number, currency: string | null) =>
  currency ? new Intl.NumberFormat(language, { style: "currency", currency }).format(amount) : plainNumber.format(amount);

/** Return a day with its year. */
export const dayOf = (time: string) => day.format(new Date(time));

/** Return a month with its year. */
export const monthOf = (time: Date) => month.format(time);

/** Return a day with its year, and the time of the day. */
export const momentOf = (time: string) => moment.format(new Date(time));

/** Units of ages, with their milliseconds. Months are left out: their sign is that of minutes in English. */
const UNITS: [unit: "year" | "week" | "day" | "hour" | "minute", length: number][] = [
  ["year", 31_557_600_000],
  ["week", 604_800_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];
const ago = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

/** Return the time since a moment in its largest whole unit, short and in words. */
export function ageOf(time: string, now: number): { short: string; long: string } {
  const passed = now - Date.parse(time);
  const [unit, length] = UNITS.find(([, length]) => passed >= length) ?? [];
  if (!unit || !length) return { short: ago.format(0, "second"), long: ago.format(0, "second") };
  const count = Math.floor(passed / length);
  const short = new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "narrow" });
  return { short: short.format(count), long: ago.format(-count, unit) };
}

/** Return a number of bytes as kilobytes or megabytes. */
export const sizeOf = (bytes: number) =>
  bytes < BYTES_PER_MB ? words.files.kilobytes(Math.ceil(bytes / BYTES_PER_KB)) : words.files.megabytes(megabytes.format(bytes / BYTES_PER_MB));
