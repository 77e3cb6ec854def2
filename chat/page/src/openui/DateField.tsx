/**
 * OpenUI's date field, whose values are days as text (2027-01-02). With its own values, `Date` objects, a required field stays empty
 * for the check of the form, and a stored or sent day is a moment of another time zone. Keys open it, choose a day and close it:
 * OpenUI's own is an element that only a pointer reaches.
 */

import { DatePicker as Original } from "@openuidev/react-ui/DatePicker";
import { useEffect, useLayoutEffect, useRef, useState } from "react";

const FIELD = ".openui-date-picker-renderer-floating-input-container";
/** The day that has the focus of the calendar, which stands at the end of the document. */
const DAY = ".openui-date-picker-renderer-floating-menu [role=grid] button[tabindex='0']";

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
  const place = useRef<HTMLDivElement>(null);
  const field = () => place.current?.querySelector<HTMLElement>(FIELD);
  useLayoutEffect(() => {
    const element = field();
    if (element) Object.assign(element, { tabIndex: 0, role: "button", ariaHasPopup: "dialog", ariaExpanded: String(isOpen) });
  });
  useEffect(() => {
    if (isOpen) document.querySelector<HTMLElement>(DAY)?.focus({ preventScroll: true });
  }, [isOpen]);

  const close = () => {
    setIsOpen(false);
    field()?.focus();
  };
  const choose = (date?: Date) => {
    setSelectedSingleDate?.(dayOf(date));
    close();
  };
  const pressed = (event: React.KeyboardEvent) => {
    if (event.key === "Escape" && isOpen) {
      // It closes the calendar, and stops no answer.
      event.stopPropagation();
      close();
    } else if (event.target === field() && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      setIsOpen(!isOpen);
    }
  };
  return (
    <div ref={place} onKeyDown={pressed}>
      <Original
        mode={mode}
        isOpen={isOpen}
        setIsOpen={setIsOpen}
        selectedSingleDate={dateOf(selectedSingleDate)}
        selectedRangeDates={selectedRangeDates && { from: dateOf(from), to: dateOf(to) }}
        setSelectedSingleDate={choose}
        setSelectedRangeDates={(range) => setSelectedRangeDates?.(range && { from: dayOf(range.from), to: dayOf(range.to) })}
      />
    </div>
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
