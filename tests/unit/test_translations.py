"""The texts of the server's pages in every language: whole, compiled, and without a text of another language."""

from __future__ import annotations

import ast
import gettext
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import flatten, flatten_fieldsets, label_for_field
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

from chat.governance.exceptions import GovernanceError
from chat.models import AuditAction, CallOutcome, RequestKind, RequestOutcome, Role, Status, TokenSource
from chat.models.attachments import ReadingState
from chat.models.notices import NoticeChannel, NoticeState
from chat.web import script_texts
from chat.web.chat_page import SUGGESTIONS
from chatproject.admin_site import ChatAdminSite
from chatproject.dev.bootstrap import ROOT
from tests.unit import allauth_texts

TEMPLATES = sorted(
    path for folder in ("chat", "chatproject") for path in (ROOT / folder / "templates").rglob("*.html")
)
OTHERS = [tag for tag, _ in settings.LANGUAGES if tag != "en"]
# Names are alike in some languages, and the demo model, which the suggestions are for, speaks no Arabic.
ALIKE = {
    ("de", "Name"),
    ("de", "Passkey"),
    ("de", "Code"),
    ("de", "Chats"),
    ("de", "Problem"),
    ("de", "Chat"),
    ("de", "Client"),
    ("de", "Dashboard"),
    ("de", "Filter"),
    ("de", "JSON"),
    ("de", "Probe"),
    ("de", "Schema"),
    ("de", "System"),
    ("de", "Text"),
    ("de", "Webhook"),
    ("ar", "JSON"),
} | {("ar", str(prompt)) for prompt, _ in SUGGESTIONS}

# Packages and modules with texts.
MODULES = (
    *("admin", "models", "sign_in", "web", "tools"),
    *("accounts/factors.py", "responses/notices/mail.py", "../chatproject/admin_site.py"),
)
# Choices whose labels the admin shows, and those whose values stand in badges and sentences.
LABELS = (AuditAction, CallOutcome, NoticeChannel, NoticeState, RequestKind, RequestOutcome, Role, Status)
VALUES = (CallOutcome, ReadingState, RequestOutcome, Role, Status, TokenSource)
UNITS = ("hour", "day")

_TRANSLATE = re.compile(r"{% translate (?:\"([^\"]+)\"|'([^']+)')")
_BLOCK = re.compile(r"{% blocktranslate[^%]*%}(.*?){% endblocktranslate %}", re.DOTALL)
_VARIABLE = re.compile(r"{{ (\w+) }}")
_QUOTED = r"""((?:(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*)+)"""
# An entry of a catalog; of a plural, its singular with its first form.
_ENTRY = re.compile(rf"^msgid {_QUOTED}(?:msgid_plural {_QUOTED})?msgstr(?:\[0\])? {_QUOTED}", re.MULTILINE)
_PYTHON = re.compile(rf"\b(?:_|n?gettext)\(\s*{_QUOTED},?\s*\)")


def joined(literals: str) -> str:
    """Return the text of string literals that stand one after the other."""
    return str(ast.literal_eval(f"({literals})"))


def entries(tag: str) -> dict[str, str]:
    """Return the English texts of a catalog with their translations."""
    source = (ROOT / "chat" / "locale" / tag / "LC_MESSAGES" / "django.po").read_text()
    found = {joined(english): joined(other) for english, _plural, other in _ENTRY.findall(source)}
    return {english: other for english, other in found.items() if english}


def texts() -> Iterator[str]:
    """Yield the English texts of templates, forms and scripts, as they are looked up."""
    for template in TEMPLATES:
        source = template.read_text()
        for double, single in _TRANSLATE.findall(source):
            yield double or single
        for block in _BLOCK.findall(source):
            # Of a plural the first form is the key.
            yield _VARIABLE.sub(r"%(\1)s", block.partition("{% plural %}")[0])
    for path in (ROOT / "chat" / name for name in MODULES):
        for module in sorted(path.rglob("*.py")) or [path]:
            yield from map(joined, _PYTHON.findall(module.read_text()))
    yield from script_texts.texts(script_texts.ADMIN)
    yield from allauth_texts.seen_by_users()
    yield from names_in_the_admin()
    yield from UNITS
    yield from (str(error.__doc__).strip() for error in (GovernanceError, *subclasses(GovernanceError)))


@translation.override("en")
def names_in_the_admin() -> list[str]:
    """Return the names of tables, columns and choices as the admin's pages have them."""
    names: list[Any] = [value for choices in VALUES for value in choices.values]
    names += [label for choices in (*LABELS, TokenSource) for label in choices.labels]
    for table, page in admin.site._registry.items():
        if table._meta.app_label == "chat":
            names += [table._meta.verbose_name, table._meta.verbose_name_plural]
            names += [label_for_field(column, table, page) for column in columns(page)]
    return [str(name) for name in names]


def columns(page: Any) -> list[Any]:
    """Return the columns of a table's list, of its pages, and of its filters that are columns."""
    filters = [one[0] if isinstance(one, tuple) else one for one in page.list_filter]
    given = flatten_fieldsets(page.fieldsets) if page.fieldsets else flatten(page.fields or ())
    # Without any, the page has all that can be edited.
    shown = given or [field.name for field in page.opts.fields if field.editable and not field.auto_created]
    return [*page.list_display, *shown, *(one for one in filters if isinstance(one, str))]


def subclasses(kind: type) -> list[type]:
    below: list[type] = kind.__subclasses__()
    return [*below, *(further for one in below for further in subclasses(one))]


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
    source = entries(tag)
    assert source
    for english, other in source.items():
        assert other in (
            catalog.gettext(english),
            *(catalog.ngettext(english, english, count) for count in (0, 1)),
        )


@pytest.mark.parametrize("tag", OTHERS)
def test_no_translation_is_left_over_or_loses_a_variable(tag: str) -> None:
    source = entries(tag)
    assert source.keys() <= set(texts())
    for english, other in source.items():
        assert _variables(english) == _variables(other)


def _variables(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)s|{\w+}|%s|href=[^>]+", text))


# Words of the familiar form of address: the pages say "Sie".
FAMILIAR = re.compile(r"(?i)\b(?:du|dir|dich|dein\w*)\b|\bbitte (?:gib|wähle|versuche|klick|folge)\b")


def test_german_texts_say_sie() -> None:
    with translation.override("de"):
        shown = {*entries("de").values(), *map(translation.gettext, texts())}
    assert {text for text in shown if FAMILIAR.search(text)} == set()


# Calls in scripts, with either quote.
_GETTEXT = re.compile(r"""gettext\((?:"([^"]+)"|'([^']+)')\)""")
SCRIPT = Path(admin.__file__).parent / "static" / "admin" / "js" / "SelectFilter2.js"


@pytest.mark.parametrize("tag", OTHERS)
def test_the_admin_s_lists_of_groups_and_permissions_are_translated(tag: str) -> None:
    with translation.override(tag):
        answer = ChatAdminSite().i18n_javascript(RequestFactory().get("/"))
    catalog = json.loads(answer.text.partition("const newcatalog = ")[2].partition(";\n")[0])
    asked = {double or single for double, single in _GETTEXT.findall(SCRIPT.read_text())}
    assert len(asked) > 8
    assert {text for text in asked if catalog.get(text, text) == text} <= {"Filter"}


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
