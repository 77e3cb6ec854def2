"""The title in a model's answer: without its thought, marks of Markdown, quotation marks, labels and introductions."""

from __future__ import annotations

import json
import re
from html import unescape
from itertools import islice

from chat.llm.sse.think_tags import without_thought
from chat.text import plain_text

# Characters of a line that are read; a title has 80.
LINE_CHARACTERS = 300
# Lines that are read: an introduction, a fence and a rule may stand ahead of the title.
LINES = 20

# The tokens of a chat template that a server left in its answer: `<|im_end|>`, `</s>`, Gemma's, DeepSeek's and Llama 2's.
_TOKENS = re.compile(
    r"<\|[a-z_]{1,30}\|>|</?s>|<(?:start_of_turn>(?:model|user)?|end_of_turn>|[be]os>)|<｜[^｜<>]{1,30}｜>|\[/?INST\]",
    re.IGNORECASE,
)
_OBJECT = re.compile(r'"title"\s*:\s*("(?:[^"\\]|\\.){1,300}")', re.IGNORECASE)
_WORD = (
    r"title|titel|titre|t[ií]tulo|titolo|tytuł|název|naslov|otsikko|başlık|tiêu đề|judul|заголовок|название|назва|כותרת"
    r"|标题|標題|タイトル|제목|शीर्षक|(?:ال)?عنوان"
)
_OF_TITLE = rf"(?:(?:chat|conversation|suggested|proposed) )?(?:{_WORD})"
_LABEL = re.compile(
    rf"\A(?:{_OF_TITLE}|(?:the|a|my) [^:\"“]{{0,80}}\b(?:title|titel)\b[^:\"“]{{0,80}}\b(?:is|be)|assistant|(?:final )?answer"
    rf"|(?:sure|okay|certainly|of course)\b[^:\"“]*"
    rf"|here(?: is|'s|’s)\b[^:\"“]*|hier ist\b[^:\"„]*)\W{{0,3}}[:：]\W{{0,2}}(?:\s|(?<=：)|\Z)"
    rf"|\A(?:\[(?:{_WORD})\]|(?:{_WORD}) [-–—→])\s",
    re.IGNORECASE,
)
# A line that says that it is the title, and one that says it of the next.
_LABELLED = re.compile(rf"\W{{0,3}}{_OF_TITLE}\W{{0,3}}[:：]\W*\w", re.IGNORECASE)
_ANNOUNCED = re.compile(rf"\W*{_OF_TITLE}\W*", re.IGNORECASE)
_LINE_MARK = re.compile(r"\A(?:#{1,6}|[-*>•])\s+")
# A line of marks alone, and the opening line of a code block.
_NO_WORDS = re.compile(r"[-*_=~`#]*|(?:```|~~~)\s*\w*")
_BOLD = re.compile(r"(?<!\w)\*\*(\S(?:.*?\S)?)\*\*(?!\w)")
_LINK = re.compile(r"\A\[([^\]]+)\]\([^)]*\)\Z")
_ELEMENT = re.compile(r"\A<(\w{1,10})[^<>]*>(.*)</\1>\Z")
# Marks around a whole title: each opening one with those that close it.
_CLOSING = {
    **{mark: mark for mark in "*_`~\"'"},
    "“": "”",
    "„": "“”",
    "‘": "’",
    "‚": "‘",
    "«": "»",
    "»": "«",
    "‹": "›",
    "「": "」",
    "『": "』",
    "《": "》",
    "[": "]",
}
# White space that is none for `strip`.
_INVISIBLE = "\u200b\u2060\ufeff"


def title_in(answer: str) -> str:
    """Return the title in a model's answer; "" for none."""
    text = plain_text(_TOKENS.sub("\n", without_thought(answer)))
    if found := _OBJECT.search(text[: LINES * LINE_CHARACTERS]):
        text = str(json.loads(found[1], strict=False))
    stripped = (line.strip().strip(_INVISIBLE) for line in text.split("\n"))
    lines = [line[:LINE_CHARACTERS] for line in islice(filter(None, stripped), LINES)]
    lines = [line for line in lines if _LABELLED.match(line)] or lines
    if len(lines) > 1 and _ANNOUNCED.fullmatch(lines[0]):
        lines = lines[1:]
    titles = [title for line in lines if (title := _plain(line))]
    return next((title for title in titles if not title.endswith((":", "："))), titles[0] if titles else "")


def _plain(line: str) -> str:
    if _NO_WORDS.fullmatch(line):
        return ""
    line = unescape(_BOLD.sub(r"\1", _LINE_MARK.sub("", line))).strip()
    for pattern, kept in ((_ELEMENT, r"\2"), (_LABEL, ""), (_LINK, r"\1")):
        line = pattern.sub(kept, line).strip()
    return _without_full_stop(_bare(line))


def _without_full_stop(line: str) -> str:
    """Return a title without the full stop of a sentence; those of abbreviations and an ellipsis stay."""
    return line[:-1] if (line.count(".") == 1 and line.endswith(".")) or line.endswith("。") else line


def _bare(line: str) -> str:
    """Return the line without marks around it; those that stand around parts of it stay."""
    while line[:1] in _CLOSING and (closing := line.rstrip(".")[-1:]) in _CLOSING[line[0]]:
        inner = line.rstrip(".").strip(line[0] + closing)
        if line[0] in inner or closing in inner:
            break
        line = inner.strip()
    return line
