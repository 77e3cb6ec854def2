/** Dates of OpenUI's fields in the reader's language; its own are English. */

import { language, words } from "../words";

const medium = new Intl.DateTimeFormat(language, { dateStyle: "medium" });

export const formatSingleDate = (date?: Date) => (date ? medium.format(date) : words.chooseDate);

export function formatDateRange(range?: { from?: Date; to?: Date }) {
  if (!range?.from) return words.chooseDates;
  return range.to ? medium.formatRange(range.from, range.to) : medium.format(range.from);
}
