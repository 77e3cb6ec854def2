"""The texts of the server's pages in every language: whole, compiled, and without a text of another language."""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from chat.web import script_texts
from chat.web.chat_page import SUGGESTIONS
from chatproject.dev.bootstrap import ROOT

# The admin's are Django's own texts.
TEMPLATES = [
    path for path in sorted((ROOT / "chat" / "templates").rglob("*.html")) if "admin" not in path.parts
]
OTHERS = [tag for tag, _ in settings.LANGUAGES if tag != "en"]
# Names are alike in some languages, and the demo model, which the suggestions are for, speaks no Arabic.
ALIKE = {("de", "Name"), ("de", "Passkey"), ("de", "Code"), ("de", "Chats"), ("de", "Problem")} | {
    ("ar", str(prompt)) for prompt, _ in SUGGESTIONS
}

_TRANSLATE = re.compile(r"{% translate (?:\"([^\"]+)\"|'([^']+)')")
_BLOCK = re.compile(r"{% blocktranslate[^%]*%}(.*?){% endblocktranslate %}", re.DOTALL)
_VARIABLE = re.compile(r"{{ (\w+) }}")
# An entry of a catalog; of a plural, its singular with its first form.
_ENTRY = re.compile(r'^msgid "(.+)"\n(?:msgid_plural ".+"\n)?msgstr(?:\[0\])? "(.+)"$', re.MULTILINE)
_PYTHON = re.compile(r"\b_\(\"([^\"]+)\"\)")


def texts() -> Iterator[str]:
    """Yield the English texts of templates, forms and scripts, as they are looked up."""
    for template in TEMPLATES:
        source = template.read_text()
        for double, single in _TRANSLATE.findall(source):
            yield double or single
        for block in _BLOCK.findall(source):
            # Of a plural the first form is the key.
            yield _VARIABLE.sub(r"%(\1)s", block.partition("{% plural %}")[0])
    mails = ROOT / "chat" / "responses" / "notices" / "mail.py"
    modules = [
        path for folder in ("sign_in", "web") for path in sorted((ROOT / "chat" / folder).glob("*.py"))
    ]
    for module in [*modules, mails]:
        yield from _PYTHON.findall(module.read_text())
    yield from script_texts.texts()


def _translated(english: str) -> set[str]:
    """Return the translations of a text, and of one that has a plural."""
    return {translation.gettext(english), translation.ngettext(english, english, 1)}


@pytest.mark.parametrize("tag", OTHERS)
def test_every_text_is_translated(tag: str) -> None:
    with translation.override(tag):
        left = {one for one in texts() if _translated(one) == {one} and (tag, one) not in ALIKE}
    assert left == set()


@pytest.mark.parametrize("tag", OTHERS)
def test_the_compiled_catalog_is_that_of_the_source(tag: str) -> None:
    folder = ROOT / "chat" / "locale" / tag / "LC_MESSAGES"
    with (folder / "django.mo").open("rb") as compiled:
        catalog = gettext.GNUTranslations(compiled)
    source = _ENTRY.findall((folder / "django.po").read_text())
    assert source
    for english, other in source:
        name = english.replace('\\"', '"')
        assert other in (catalog.gettext(name), catalog.ngettext(name, name, 1))


@pytest.mark.parametrize("tag", OTHERS)
def test_no_translation_is_left_over_or_loses_a_variable(tag: str) -> None:
    source = (ROOT / "chat" / "locale" / tag / "LC_MESSAGES" / "django.po").read_text()
    pairs = _ENTRY.findall(source)
    assert {english.replace('\\"', '"') for english, _ in pairs} == set(texts())
    for english, other in pairs:
        assert sorted(re.findall(r"%\(\w+\)s", english)) == sorted(re.findall(r"%\(\w+\)s", other))


@pytest.mark.parametrize("template", ["400.html", "403.html", "404.html", "500.html", "503.html"])
@pytest.mark.parametrize(("tag", "direction"), [("en", "ltr"), ("de", "ltr"), ("ar", "rtl")])
def test_an_error_page_has_its_language_and_direction(template: str, tag: str, direction: str) -> None:
    with translation.override(tag):
        page = render_to_string(template)
    assert f'<html lang="{tag}" dir="{direction}">' in page


# Only logical properties turn around with the direction of the text.
PHYSICAL = re.compile(
    r"(?:margin|padding|border)-(?:left|right)\b|(?<![\w-])(?:left|right)\s*:|text-align:\s*(?:left|right)"
)
FOUR_SIDES = re.compile(
    r"(?<![\w-])(?:margin|padding|inset):\s*([^\s;]+) ([^\s;]+) ([^\s;]+) ([^\s;]+)\s*[;}]"
)


def test_styles_of_the_pages_name_no_left_or_right() -> None:
    folders = [ROOT / "chat" / "page" / "src", ROOT / "chat" / "static" / "chat" / "css"]
    styles = [path for folder in folders for path in folder.rglob("*.css") if "admin" not in path.parts]
    assert len(styles) > 5
    assert {path.name: found for path in styles if (found := physical(path))} == {}


def physical(path: Path) -> list[str]:
    """Return the declarations that name a side, or four values of which the second and the last differ."""
    source = re.sub(r"/\*.*?\*/|\([^()]*\)", "", path.read_text(), flags=re.DOTALL)
    sides = [found[0] for found in FOUR_SIDES.finditer(source) if found[2] != found[4]]
    return PHYSICAL.findall(source) + sides
