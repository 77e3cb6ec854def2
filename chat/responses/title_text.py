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
# OpenAI's harmony format without its tokens.
_HARMONY = re.compile(r"\s*analysis.*assistantfinal", re.DOTALL)
# The title in an object: JSON, Python's, or either cut off; the first of several.
_OBJECT = re.compile(
    r"""["']([a-z_ ]{0,20}titles?|headline|topic|name)["']\s*:\s*\[?\s*"""
    r"""(?:"((?:[^"\\]|\\.){1,300})(?:"|\Z)|'((?:[^'\\]|\\.){1,300})(?:'|\Z))""",
    re.IGNORECASE | re.DOTALL,
)
_IS_OBJECT = re.compile(r"\s*(?:<\w+>\s*)?\{(?:\s*[\"']|\s*\}\s*\Z)")
# In an object that is a call of a tool, and no title.
_IS_CALL = re.compile(r"""["'](?:arguments|parameters|tool_calls?)["']\s*:""")
_WORD = (
    r"title|titel|titre|t[ií]tulo|titolo|tytuł|název|naslov|otsikko|başlık|tiêu đề|judul|заголовок|название|назва|כותרת"
    r"|标题|標題|タイトル|제목|शीर्षक|(?:ال)?عنوان"
)
_OF_TITLE = rf"(?:(?:chat|conversation|suggested|proposed) )?(?:{_WORD})"
_LABEL = re.compile(
    rf"\A(?:{_OF_TITLE}|(?:the|a|my) [^:\"“]{{0,80}}\b(?:title|titel)\b[^:\"“]{{0,80}}\b(?:is|be)|assistant|(?:final )?answer"
    rf"|(?:sure|okay|certainly|of course)\b[^:\"“]*"
    rf"|here(?: is|'s|’s)\b[^:\"“]*|hier ist\b[^:\"„]*)\W{{0,3}}[:：]\W{{0,2}}(?:\s|(?<=：)|\Z)"
    rf"|\A(?:\[(?:{_WORD})\]|(?:{_WORD}) [-–—→=])\s|\A(?:option|suggestion) (?:1|one|a)\s?[:.)]\s",
    re.IGNORECASE,
)
# A sentence that quotes the title: `A good title would be "Trip to Lisbon".`
_QUOTING = re.compile(
    r"\A(?:the|a|my)\b[^\"“]{0,80}\btitle\b[^\"“]{0,80}[\"“]([^\"“”]+)[\"”]\W*\Z", re.IGNORECASE
)
# One of several titles.
_NUMBERED = re.compile(r"\A1[.)]\s+")
_SECOND = re.compile(r"\W*2[.)]\s")
# Words by which a model says that it knows none.
_NONE = {"n/a", "none", "null", "undefined", "untitled", "no title", "new chat", "new conversation"}
# A line that says that it is the title, and one that says it of the next.
_LABELLED = re.compile(rf"\W{{0,3}}{_OF_TITLE}\W{{0,3}}[:：]\W*\w", re.IGNORECASE)
_ANNOUNCED = re.compile(rf"\W*{_OF_TITLE}\W*", re.IGNORECASE)
_LINE_MARK = re.compile(r"\A(?:#{1,6}|[-*>•])\s+")
# A line of marks alone, and the opening line of a code block.
_NO_WORDS = re.compile(r"[-*_=~`#.…|]*|(?:```|~~~)\s*\w*")
_BOLD = re.compile(r"(?<!\w)\*\*(\S(?:.*?\S)?)\*\*(?!\w)")
_LINK = re.compile(r"\A\[([^\]]+)\]\([^)]*\)\Z")
_ELEMENT = re.compile(r"\A<(\w{1,10})[^<>]*>(.*)</\1>\Z")
# A tag whose other half is missing, and marks of which only one is there.
_LONE_TAG = re.compile(r"\A<(?:title|answer)>|</(?:title|answer)>\Z", re.IGNORECASE)
_LONE_MARK = re.compile(r"""\A(?:\*\*(?=[^*a-z][^*]*\Z)|["“„](?=[^"“”]+\Z))|(?<=[^*])\*\*\Z(?<!\A\*\*)""")
_BOXED = re.compile(r"\A\$*\\boxed\{(?:\\text\{)?([^{}]*)\}+\$*\Z")
# Marks around a whole title: each opening one with those that close it.
_CLOSING = {
    **{mark: mark for mark in "*_`~\"'|"},
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
    if found := _HARMONY.match(answer):
        answer = answer[found.end() :]
    text = plain_text(_TOKENS.sub("\n", without_thought(answer)))
    text = _in_object(text[: LINES * LINE_CHARACTERS])
    stripped = (line.strip().strip(_INVISIBLE) for line in text.split("\n"))
    lines = [line[:LINE_CHARACTERS] for line in islice(filter(None, stripped), LINES)]
    lines = [line for line in lines if _LABELLED.match(line)] or lines
    if any(_SECOND.match(line) for line in lines[1:]):
        lines = [_NUMBERED.sub("", line) for line in lines]
    if len(lines) > 1 and _ANNOUNCED.fullmatch(lines[0]):
        lines = lines[1:]
    titles = [title for line in lines if (title := _plain(line)) and title.casefold() not in _NONE]
    return next((title for title in titles if not title.endswith((":", "："))), titles[0] if titles else "")


def _in_object(text: str) -> str:
    """Return the title in an object; "" for an object without one, and a text that is none as it is."""
    is_object = _IS_OBJECT.match(text) is not None
    found = _OBJECT.search(text)
    if found is not None and (is_object or "title" in found[1].lower()):
        text = _unescaped(found[2]) if found[2] else found[3].replace("\\'", "'")
        return "" if is_object and _IS_CALL.search(found.string) else text
    return "" if is_object else text


def _unescaped(text: str) -> str:
    """Return a JSON string without its escapes; the text as it is where one of them is none."""
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text


def _plain(line: str) -> str:
    if _NO_WORDS.fullmatch(line):
        return ""
    line = unescape(_BOLD.sub(r"\1", _LINE_MARK.sub("", line))).strip()
    steps = (
        (_ELEMENT, r"\2"),
        (_LONE_TAG, ""),
        (_QUOTING, r"\1"),
        (_LABEL, ""),
        (_LINK, r"\1"),
        (_BOXED, r"\1"),
    )
    for pattern, kept in (*steps, (_LONE_MARK, "")):
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
