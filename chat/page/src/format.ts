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

/** Return a number of bytes as kilobytes or megabytes. */
export const sizeOf = (bytes: number) =>
  bytes < BYTES_PER_MB ? words.files.kilobytes(Math.ceil(bytes / BYTES_PER_KB)) : words.files.megabytes(megabytes.format(bytes / BYTES_PER_MB));
