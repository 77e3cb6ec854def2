"""The text of a spreadsheet's cell in its number format."""

from __future__ import annotations

import pytest

from chat.files.extract.cells import DAYS_TO_1904, built_in, parse


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("General", "0.30000000000000004", "0.3"),
        ("General", "4498500", "4498500"),
        ("", "1e5", "100000"),
        ("0.00", "2.675", "2.68"),
        ("0%", "0.25", "25%"),
        ('#,##0.00 "EUR"', "4498500", "4498500.00 EUR"),
        ('_-* #,##0.00\\ "€"_-;-* #,##0.00', "-3.456", "-3.46 €"),
        ("[$$-409]0.0", "2", "$2.0"),
        ('"v0"0', "2", "v02"),
        ('0.0,,"M"', "1000000", "1000000"),
        ("0.00E+00", "123", "123"),
        ("@", "5", "5"),
    ],
)
def test_a_number_is_shown_in_its_format_without_groups(code: str, value: str, shown: str) -> None:
    assert parse(code).shown(value) == shown


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("d.m.yyyy", "45000", "2023-03-15"),
        ("d.m.yyyy h:mm", "45000.25", "2023-03-15 06:00:00"),
        ("h:mm", "0.5", "12:00:00"),
        ("h:mm AM/PM", "0.75", "18:00:00"),
        ("[h]:mm", "1.5", "36:00:00"),
        ("[Red]0", "45000", "45000"),
        ("yyyy", "1", "1900-01-01"),
        ("yyyy", "61", "1900-03-01"),
        ("yyyy", "-1", "-1"),
        ("yyyy", "2958466", "2958466"),
        ("yyyy", "soon", "soon"),
    ],
)
def test_a_date_or_time_is_shown_as_such(code: str, value: str, shown: str) -> None:
    assert parse(code).shown(value) == shown


def test_a_date_of_the_1904_system_is_shifted() -> None:
    assert built_in(14).shown("0", DAYS_TO_1904) == "1904-01-01"


@pytest.mark.parametrize("value", ["NaN", "inf", "1e999999999", "9" * 1_000_000, "1e-999999999", "x"])
@pytest.mark.parametrize("code", ["", "0.00", "yyyy", "[h]:mm", "0." + "0" * 10_000, "[$" * 300_000])
def test_a_value_that_is_no_number_costs_little(code: str, value: str) -> None:
    assert len(parse(code).shown(value)) <= len(value) + 20
