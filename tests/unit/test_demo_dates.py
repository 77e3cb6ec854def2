"""The days of the demo model's bookings and trips: read as people write them, and never in the past."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.demo import dates
from chat.demo.blocks import TEXTS, DemoAnswer
from chat.demo.conversation import DemoRequest
from chat.demo.formats import prose, write
from chat.demo.replies import reply

# A Wednesday.
NOW = datetime(2027, 3, 10, 16, 0, tzinfo=UTC)
DAYS = {
    "Book a table for 3 tomorrow at 8 pm under the name of Zoë": "Thursday, 11 March 2027",
    "a table for 4 on Friday at 19:30": "Friday, 12 March 2027",
    "a table for 4 on Wednesday at 19:30": "Wednesday, 10 March 2027",
    "a table for 4 on Wednesday at 15:30": "Wednesday, 17 March 2027",
    "a table for 4 tonight at 20:00": "Wednesday, 10 March 2027",
    "a table for 4 at 20:00": "Wednesday, 10 March 2027",
    "a table for 4 at 15:00": "Thursday, 11 March 2027",
    "a table for 4 the day after tomorrow at 19:00": "Friday, 12 March 2027",
    "a table for 2 on 2027-04-01 at 19:00": "Thursday, 1 April 2027",
    "a table for 2 on April 1st at 19:00": "Thursday, 1 April 2027",
    "a table for 2 on 1 April 2027 at 19:00": "Thursday, 1 April 2027",
    "a table for 2 on 5 January at 19:00": "Wednesday, 5 January 2028",
    "Ein Tisch für 2 morgen um 20 Uhr": "Donnerstag, 11. März 2027",
    "Ein Tisch für 2 übermorgen um 20:00": "Freitag, 12. März 2027",
    "Ein Tisch für 2 am Freitag um 20:00": "Freitag, 12. März 2027",
    "Ein Tisch für 2 am 1.4. um 20:00": "Donnerstag, 1. April 2027",
    "Ein Tisch für 2 am 1. April um 20:00": "Donnerstag, 1. April 2027",
    "Ein Tisch für 2 am 01.04.2027 um 20:00": "Donnerstag, 1. April 2027",
}
REFUSED = {
    "a table for 4 today at 15:30": "Wednesday, 10 March 2027 at 15:30 has passed.",
    "a table for 4 on 2020-01-05 at 19:30": "Sunday, 5 January 2020 has passed.",
    "a table for 4 on 2029-01-05 at 19:30": "more than a year away",
    "a table for 4 on 30 February at 19:30": "no such day in the calendar: 30 February",
    "Ein Tisch für 4 am 5.1.2020 um 19:30": "Sonntag, 5. Januar 2020 ist vorbei.",
    "Ein Tisch für 4 heute um 15:30": "Mittwoch, 10. März 2027 um 15:30 Uhr ist vorbei.",
    "Ein Tisch für 4 am 31.2.2028 um 19:30": "Diesen Tag gibt es im Kalender nicht",
}


def answered(text: str, **values: str) -> DemoAnswer:
    given_back = reply(DemoRequest(text, values=values, now=NOW))
    assert isinstance(given_back, DemoAnswer)
    return given_back


@pytest.mark.parametrize(("words", "day"), DAYS.items())
def test_a_booking_in_one_sentence_is_confirmed_for_a_day_to_come(words: str, day: str) -> None:
    confirmed = prose(answered(words))
    assert day in confirmed
    assert "booked" in confirmed or "gebucht" in confirmed


def test_a_booking_in_one_sentence_is_confirmed_with_its_details() -> None:
    words = prose(answered("Book a table for 3 tomorrow at 8 pm under the name of Zoë"))
    assert words.split("\n\n")[2].splitlines() == [
        "What · Your choice", "Name · Zoë", "Date · Thursday, 11 March 2027", "Time · 20:00", "Guests · 3",
    ]  # fmt: skip


@pytest.mark.parametrize(("words", "reason"), REFUSED.items())
def test_the_past_and_no_day_at_all_are_refused_with_the_form_again(words: str, reason: str) -> None:
    refused = answered(words)
    assert reason in prose(refused)
    assert 'Form("booking"' in write(refused)


def test_the_values_of_a_form_come_back_in_its_confirmation() -> None:
    words = prose(answered("Book the table", name="Ana", date="2027-03-11", time="19:30", guests="4"))
    assert "booked" in words
    assert all(f"· {value}" in words for value in ("Ana", "Thursday, 11 March 2027", "19:30", "4"))


@pytest.mark.parametrize(("date", "time"), [("2027-03-09", "19:30"), ("2027-03-10", "15:30")])
def test_a_form_for_the_past_is_refused(date: str, time: str) -> None:
    refused = answered("Book the table", name="Ana", date=date, time=time, guests="4")
    assert "has passed" in prose(refused)
    assert 'Form("booking"' in write(refused)


def test_a_trip_is_planned_for_days_to_come_alone() -> None:
    planned = prose(answered("Plan my trip with these dates", dates="2027-05-01/2027-05-08", budget="1200"))
    assert "Saturday, 1 May 2027 to Saturday, 8 May 2027" in planned
    for span in ("2027-03-01/2027-03-20", "2027-05-08/2027-05-01", "2030-01-01/2030-01-02"):
        refused = answered("Plan my trip with these dates", dates=span, budget="1200")
        assert "cannot be planned" in prose(refused)
        assert 'Form("trip"' in write(refused)


@given(st.text(max_size=40) | st.from_regex(r"[0-9.\-]{1,12} (march|morgen|fri)?", fullmatch=True))
def test_no_sentence_is_booked_for_the_past(words: str) -> None:
    texts = TEXTS["en"]
    try:
        day = dates.day_in(words, NOW, None, texts)
        dates.check(day, NOW, texts)
    except dates.DateRefused:
        return
    assert day >= NOW.date()
