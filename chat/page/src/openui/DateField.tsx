/**
 * OpenUI's date field, whose values are days as text (2027-01-02). With its own values, `Date` objects, a required field stays empty
 * for the check of the form, and a stored or sent day is a moment of another time zone.
 */

import { DatePicker as Original } from "@openuidev/react-ui/DatePicker";
import { useState } from "react";

interface Days {
  from?: string;
  to?: string;
}

interface Props {
  mode?: "single" | "range";
  selectedSingleDate?: unknown;
  selectedRangeDates?: { from?: unknown; to?: unknown };
  setSelectedSingleDate?: (day?: string) => void;
  setSelectedRangeDates?: (days?: Days) => void;
}

export function DatePicker({ mode, selectedSingleDate, selectedRangeDates, setSelectedSingleDate, setSelectedRangeDates }: Props) {
  const [isOpen, setIsOpen] = useState(false);
  const { from, to } = selectedRangeDates ?? {};
  const choose = (date?: Date) => {
    setSelectedSingleDate?.(dayOf(date));
    setIsOpen(false);
  };
  return (
    <Original
      mode={mode}
      isOpen={isOpen}
      setIsOpen={setIsOpen}
      selectedSingleDate={dateOf(selectedSingleDate)}
      selectedRangeDates={selectedRangeDates && { from: dateOf(from), to: dateOf(to) }}
      setSelectedSingleDate={choose}
      setSelectedRangeDates={(range) => setSelectedRangeDates?.(range && { from: dayOf(range.from), to: dayOf(range.to) })}
    />
  );
}

function dayOf(date?: Date): string | undefined {
  if (!date) return undefined;
  const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  return parts.map((part) => String(part).padStart(2, "0")).join("-");
}

/** Return the date of a day, or of a moment as earlier versions stored it; undefined for anything else, which models may write. */
function dateOf(value: unknown): Date | undefined {
  if (typeof value !== "string") return undefined;
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(value) ?? [];
  const date = year ? new Date(Number(year), Number(month) - 1, Number(day)) : new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
