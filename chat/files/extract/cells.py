"""The text of a cell as a spreadsheet shows it: a number in its format, percentages, dates and times.

Dates and times are written as in ISO 8601, and digits are not grouped, whatever the language of the format.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

# Number formats that every program knows by their numbers; those of East Asia differ in their signs only.
_BUILT_IN = {
    **dict.fromkeys((1, 3, 37, 38), "0"),
    **dict.fromkeys((2, 4, 39, 40), "0.00"),
    9: "0%",
    10: "0.00%",
    **dict.fromkeys((14, 15, 16, 17, *range(27, 37), *range(50, 59)), "yyyy-mm-dd"),
    **dict.fromkeys((18, 19, 20, 21, 45, 47), "h:mm:ss"),
    22: "yyyy-mm-dd h:mm",
    46: "[h]:mm:ss",
}
# A dated cell counts days from this one; 1900 has a 29 February in Excel, so earlier days are counted from the next.
_EPOCH, _LEAP_DAY = date(1899, 12, 30), 60
# Days between the two date systems.
DAYS_TO_1904 = 1_462
# The last day of the year 9999.
_LAST_DAY = 2_958_465
# Significant digits of a spreadsheet's numbers.
_DIGITS = 15
# Digits behind the point of a rounded number: with the others no more than `decimal` takes.
MAX_DECIMALS = 10
# Characters of a format's code in any program.
CODE_CHARACTERS = 255
# Characters of a number that is rounded; longer ones are none of a spreadsheet's.
_LENGTH = 40

_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_LITERALS = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]|_.|\*.')
_PLACES = re.compile(r"[0#?][0#?,]*(?:\.([0#?]*))?")
# Formats of scientists and fractions, and scaled ones: their numbers are shown as they are.
_OTHER = re.compile(r"[E/@]|,(?![0#?])|general", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CellFormat:
    """The form of a cell's number: a date, a time, an elapsed time, or a number.

    `decimals`: digits behind the point, None as many as there are; `before`, `behind`: signs around it, of a currency or `%`.
    """

    date: bool = False
    time: bool = False
    elapsed: bool = False
    decimals: int | None = None
    before: str = ""
    behind: str = ""

    def shown(self, value: str, shift: int = 0) -> str:
        """Return the text of a number; `shift`: days to add to a date."""
        try:
            number = Decimal(value) if len(value) <= _LENGTH else None
        except InvalidOperation:
            return value
        if number is None or not number.is_finite():
            return value
        if self.date or self.time:
            return self._moment(number, shift) or value
        return self._number(number)

    def _number(self, number: Decimal) -> str:
        if self.decimals is None or number.adjusted() >= _DIGITS:
            return _plain(number)
        scaled = number * 100 if "%" in self.before + self.behind else number
        rounded = scaled.quantize(Decimal(1).scaleb(-self.decimals), ROUND_HALF_UP)
        sign = "-" if rounded < 0 else ""
        return f"{sign}{self.before}{abs(rounded):f}{self.behind}"

    def _moment(self, days: Decimal, shift: int) -> str:
        """Return a date, a time or both; empty for a number that is no date."""
        seconds = int((days * 86_400).to_integral_value(ROUND_HALF_UP)) if days.adjusted() < 8 else -1
        if self.elapsed and seconds >= 0:
            return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        day = seconds // 86_400 + shift
        if seconds < 0 or day > _LAST_DAY:
            return ""
        begin = datetime.combine(_EPOCH + timedelta(days=day < _LEAP_DAY), time(), UTC)
        moment = begin + timedelta(days=day, seconds=seconds % 86_400)
        return f"{moment:{' '.join(['%Y-%m-%d'] * self.date + ['%H:%M:%S'] * self.time)}}"


def _plain(number: Decimal) -> str:
    """Return a number as it is, without the error of its last binary digits."""
    if len(number.as_tuple().digits) > _DIGITS:
        return f"{float(number):.{_DIGITS}g}"
    return f"{number:f}" if -_DIGITS < number.adjusted() < _DIGITS else str(number)


def built_in(number: int) -> CellFormat:
    """Return the format that has a number instead of a code."""
    return parse(_BUILT_IN.get(number, ""))


def parse(code: str) -> CellFormat:
    """Return the format of a code such as `#,##0.00 "EUR"` or `d.m.yyyy`; of several for signs, that of positive numbers."""
    code = code[:CODE_CHARACTERS]
    elapsed = bool(_ELAPSED.search(code))
    # A separator within a literal is taken for one between sections: no more than a currency's sign is lost.
    first = code.partition(";")[0]
    letters = _LITERALS.sub("", first).lower()
    has_time = elapsed or bool(re.search("[hs]", letters))
    has_date = bool(re.search("[yd]" if has_time else "[ymd]", letters)) and not elapsed
    if has_date or has_time:
        return CellFormat(has_date, has_time, elapsed)
    places = _PLACES.search(_LITERALS.sub(lambda literal: "_" * len(literal[0]), first))
    if places is None or _OTHER.search(letters):
        return CellFormat()
    decimals = min(len(places[1] or ""), MAX_DECIMALS)
    before, behind = _literals(first[: places.start()]), _literals(first[places.end() :])
    return CellFormat(decimals=decimals, before=before, behind=behind)


def _literals(signs: str) -> str:
    """Return the signs around the digits of a format as they are shown."""
    return _LITERALS.sub(lambda literal: literal[1] or literal[2] or literal[3] or "", signs)
