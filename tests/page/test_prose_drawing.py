"""Markdown as the page draws it, without a browser: the corpus, and texts cut anywhere while they grow."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from chatproject.dev.frontend import node
from tests.page.outline import outline, squeezed, visible
from tests.page.prose_corpus import CORPUS

SCRIPT = Path(__file__).with_name("prose_render.js")
# Seconds for all cuts of the corpus on two busy cores.
DRAWING_SECONDS = 300
AFTER = "What follows stays."
# A definition makes the page draw a text as one block; this one shows nothing.
ONE_BLOCK = "\n\n[unused]: https://unused.example/\n"

Draw = Callable[[list[tuple[str, bool]]], list[str]]


@pytest.fixture(scope="module")
def draw(built_page: Path) -> Draw:
    """Return a function that draws texts, each with whether it still grows, as HTML."""
    command = [*node.find(built_page.parent).node, str(SCRIPT), str(built_page.parent / "work" / "page")]

    def drawn(texts: list[tuple[str, bool]]) -> list[str]:
        done = subprocess.run(
            command,
            input=json.dumps(texts),
            capture_output=True,
            text=True,
            timeout=DRAWING_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        html: list[str] = json.loads(done.stdout)
        return html

    return drawn


def cuts() -> list[tuple[str, str]]:
    """Return each beginning of each text of the corpus, with the text's name."""
    return [(name, source[:end]) for name, (source, _) in CORPUS.items() for end in range(1, len(source))]


def test_the_corpus_is_drawn_as_its_outlines_say(draw: Draw) -> None:
    drawn = draw([(source, False) for source, _ in CORPUS.values()])
    outlines = {name: outline(html) for name, html in zip(CORPUS, drawn, strict=True)}
    assert outlines == {name: squeezed(expected) for name, (_, expected) in CORPUS.items()}


def test_blocks_drawn_one_by_one_show_what_the_whole_text_shows(draw: Draw) -> None:
    sources = [source for source, _ in CORPUS.values()]
    several = draw([(source, False) for source in sources])
    one = draw([(source + ONE_BLOCK, False) for source in sources])
    assert [outline(html) for html in several] == [outline(html) for html in one]


def test_a_text_that_has_arrived_is_drawn_the_same_whether_its_end_is_known_or_not(draw: Draw) -> None:
    sources = [source + "\n" for source, _ in CORPUS.values()]
    growing, ended = (
        draw([(source, True) for source in sources]),
        draw([(source, False) for source in sources]),
    )
    assert [outline(html) for html in growing] == [outline(html) for html in ended]


def test_no_cut_shows_half_open_marks(draw: Draw) -> None:
    named = [one for one in cuts() if one[0] not in ("markup", "escaped characters", "other scripts")]
    drawn = draw([(text, True) for _, text in named])
    marks = re.compile(r"\*\*|(?<!\w)\*\w|~~|\]\(|\| ?:?--|``|\[[ x]\]")
    torn = [
        (name, text) for (name, text), html in zip(named, drawn, strict=True) if marks.search(visible(html))
    ]
    assert torn == []


def test_what_follows_a_cut_stays(draw: Draw) -> None:
    drawn = draw([(f"{text}\n\n{AFTER}", True) for _, text in cuts()])
    assert [html for html in drawn if AFTER not in re.sub(r"<[^>]*>", "", html)] == []


def test_footnotes_of_two_messages_have_anchors_of_their_own(draw: Draw) -> None:
    html = draw([(CORPUS["footnotes"][0], False)])[0]
    ids = re.findall(r'id="([^"]*)"', html)
    assert len(ids) == len(set(ids)) == 5
    assert all(re.match(r"_R_\w*_", one) for one in ids)
