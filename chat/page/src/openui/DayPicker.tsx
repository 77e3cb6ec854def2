/** The calendar of OpenUI's date fields in the reader's language. */

import { DayPicker as Original, type DayPickerProps } from "react-day-picker";
import { language, words } from "../words";

const shown = (options: Intl.DateTimeFormatOptions) => (date: Date) => new Intl.DateTimeFormat(language, options).format(date);

const formatters = {
  formatMonthDropdown: shown({ month: "long" }),
  formatWeekdayName: shown({ weekday: "narrow" }),
  formatYearDropdown: shown({ year: "numeric" }),
  formatDay: shown({ day: "numeric" }),
};
const whole = shown({ dateStyle: "full" });
const labels = {
  labelPrevious: () => words.monthBefore,
  labelNext: () => words.monthAfter,
  labelDayButton: whole,
  labelGridcell: whole,
  labelGrid: shown({ month: "long", year: "numeric" }),
  labelWeekday: shown({ weekday: "long" }),
};

/** The first day of the week, 1 for Monday to 7; browsers that do not know it show Sunday first, as OpenUI does. */
const firstDay = (new Intl.Locale(language) as { getWeekInfo?(): { firstDay: number } }).getWeekInfo?.().firstDay ?? 7;
const own = { formatters, labels, dir: words.direction, weekStartsOn: (firstDay % 7) as 0 };

export const DayPicker = (props: DayPickerProps) => <Original {...props} {...own} />;
