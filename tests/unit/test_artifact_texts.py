"""Artifacts in texts: found wherever they stand, read like any interface, complete ones alone."""

from __future__ import annotations

import time

import pytest

from chat.text import artifact_markdown, artifacts_of, escape, markdown, plain_text, title_of
from chat.text.artifacts import MAX_ARTIFACTS

PROGRAM = 'root = Card([head, body])\nhead = CardHeader("Trip to Lisbon", "Three days")\nbody = TextContent("Bring shoes.")'
FENCED = escape(f"```openui-lang\n{PROGRAM}\n```")
TAG = '<artifact type="report" id="trip-1" version="2">'
ARTIFACT = f"{TAG}{FENCED}</artifact>"
WORDS = "Trip to Lisbon\nThree days\nBring shoes."

FORMS = {
    "alone": ARTIFACT,
    "in an envelope": f'<content thesys="true">{ARTIFACT}</content>',
    "escaped in an envelope": f'<content thesys="true">{escape(ARTIFACT)}</content>',
    "around an envelope": f'{TAG}<content thesys="true" version="2">{FENCED}</content></artifact>',
    "a bare program": f"{TAG}{escape(PROGRAM)}</artifact>",
}


@pytest.mark.parametrize("form", FORMS)
def test_an_artifact_is_read_as_what_it_shows(form: str) -> None:
    content = FORMS[form]
    assert plain_text(content) == WORDS
    assert title_of(content) == "Trip to Lisbon"
    assert markdown(content).startswith("## Trip to Lisbon")
    (found,) = artifacts_of(content)
    assert found[:4] == ("trip-1", "trip-1", "report", "Trip to Lisbon")
    assert artifact_markdown(found.body).endswith("Bring shoes.")


def test_text_around_an_artifact_stays_text() -> None:
    content = f"Here it is: {ARTIFACT} Anything else?"
    assert plain_text(content) == f"Here it is:\n{WORDS}\nAnything else?"
    assert len(artifacts_of(f"{content} {ARTIFACT}")) == 2


def test_an_artifact_of_markdown_stays_as_it_is() -> None:
    content = f"{TAG}# Plan\n\n1 &lt; 2</artifact>"
    assert plain_text(content) == "# Plan\n\n1 < 2"
    assert artifacts_of(content)[0].title == "Plan"


@pytest.mark.parametrize("end", range(len(TAG), len(ARTIFACT), 7))
def test_a_cut_artifact_shows_its_beginning_and_counts_as_none(end: int) -> None:
    assert artifacts_of(ARTIFACT[:end]) == []
    assert "artifact" not in plain_text(ARTIFACT[:end])


def test_prose_may_mention_the_tag() -> None:
    prose = "Write <artifact> around it."
    assert plain_text(prose) == prose
    assert artifacts_of(prose) == artifacts_of("<artifact>No id</artifact>") == []


def test_any_id_becomes_one_that_a_path_can_hold() -> None:
    odd = [
        artifacts_of(f'<artifact id="{name}">x</artifact>')[0] for name in ("a/b", "a b", "ü" * 190, "ok.1")
    ]
    assert [one.name for one in odd] == ["a/b", "a b", "ü" * 190, "ok.1"]
    assert odd[0].public_id != odd[1].public_id
    assert all(len(one.public_id) <= 128 and one.public_id.isascii() for one in odd)
    assert odd[3].public_id == "ok.1"


def test_the_number_of_artifacts_of_a_message_is_bounded_and_reading_takes_linear_time() -> None:
    began = time.thread_time()
    many = '<artifact id="a">x</artifact>' * 30_000
    assert len(artifacts_of(many)) == MAX_ARTIFACTS
    plain_text('<content thesys="true">' + '<artifact id="a">' * 50_000)
    plain_text('<artifact id="a">' * 50_000)
    assert time.thread_time() - began < 5
