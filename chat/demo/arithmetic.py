"""Sums in everyday notation: thousands separators, percentages, powers. Pure; a calculator's tool computes them."""

from __future__ import annotations

import ast
import re

READ_CHARACTERS = 2_000
"""The part of a message that is read; longer sums are refused by calculators, too."""

_ASKING = re.compile(
    r"(?:what(?:'s|’s| is| are)?|calculate|compute|how much is|was ist|wie ?viel ist|berechne|rechne|and|und)\b",
    re.IGNORECASE,
)
_PERCENT = r"(?:%|\s*\bper ?cent\b|\s*\bprozent\b)"
# A percentage becomes the operator @, which calculators do not know: 17@4350, or 17@_ where no "of" follows.
_SPOKEN = {
    rf"(?<=\d)\s*{_PERCENT}\s*(?:of|von)\b": "@",
    rf"(?<=\d)\s*{_PERCENT}(?!\s*[\d(.])": "@_",
    r"(?<=[\d)_])\s+(?:times|multiplied by|mal)\s+(?=[\d(-])": "*",
    r"(?<=[\d)_])\s+plus\s+(?=[\d(-])": "+",
    r"(?<=[\d)_])\s+minus\s+(?=[\d(-])": "-",
    r"(?<=[\d)_])\s+(?:divided by|geteilt durch)\s+(?=[\d(-])": "/",
    r"(?<=\d)\s*x\s*(?=\d)": "*",
}
_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "^": "**", "@": "$", "_": "$"})
_RUN = re.compile(r"[\d\s.,()+*/%@_-]+")
_OPERATION = re.compile(r"[\d)_]\s*[-+*/%@]+\s*[-(\d._]")
_IN_WORDS = re.compile(r"[^\W\d_]|√")
_NUMBER = re.compile(r"[\d.,]*\d")
_PLAIN_NUMBER = re.compile(r"(?:0|[1-9]\d*|[1-9]\d{0,2}(?:,\d{3})+)?(?:\.\d+)?")
_GERMAN_THOUSANDS = re.compile(r"[1-9]\d{0,2}\.\d\d0")


class AmbiguousSum(ValueError):
    """A sum with several readings, or with none; the message is a sentence for the user."""


def is_asked(words: str) -> bool:
    """Return whether a message is a sum, or asks for one."""
    text = _symbols(words)
    has_words = re.search(r"[^\W\d_]{2,}", text)
    return bool(_runs(text)) and (not has_words or bool(_ASKING.match(words)))


def expression(words: str) -> str:
    """Return the sum of a message in the syntax of calculators, "" where there is none. Raise AmbiguousSum."""
    runs = _runs(_symbols(words))
    if len(runs) > 1:
        raise AmbiguousSum("These are several sums, and I take one at a time.")
    if runs and re.search(r"\d%\s+[\d(]", runs[0]):
        raise AmbiguousSum(
            "A percent sign before a number may be a percentage or the remainder of a division."
        )
    try:
        return _calculable(_NUMBER.sub(_plain, runs[0])) if runs else ""
    except (SyntaxError, RecursionError, MemoryError):
        raise AmbiguousSum("A number, a sign or a bracket is missing, or there is one too many.") from None


def _symbols(words: str) -> str:
    text = words[:READ_CHARACTERS].translate(_SIGNS)
    for spoken, symbol in _SPOKEN.items():
        text = re.sub(spoken, symbol, text, flags=re.IGNORECASE)
    return text


def _runs(text: str) -> list[str]:
    """Return the stretches of numbers and signs that hold an operation and are no part of a word or function."""
    found = ((match[0].strip(" \t\n.,"), match) for match in _RUN.finditer(text))
    return [run for run, match in found if _OPERATION.search(run) and not _touches_word(text, match)]


def _touches_word(text: str, run: re.Match[str]) -> bool:
    before = text[: run.start()][-1:] if not run[0][0].isspace() else ""
    after = text[run.end() :][:1] if not run[0][-1].isspace() else ""
    return bool(_IN_WORDS.search(before + after))


def _plain(found: re.Match[str]) -> str:
    number = found[0]
    if not _PLAIN_NUMBER.fullmatch(number) or _GERMAN_THOUSANDS.fullmatch(number):
        raise AmbiguousSum(f"The number {number} can be read in several ways.")
    return number.replace(",", "")


def _calculable(text: str) -> str:
    tree = _Percentages().visit(ast.parse(" ".join(text.split()), mode="eval"))
    return ast.unparse(tree).replace(" ", "")


class _Percentages(ast.NodeTransformer):
    """Write percentages as divisions; these come last, since 17*4350/100 is exact where 0.17*4350 is not."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        added = node.right if isinstance(node.op, ast.Add | ast.Sub) else None
        if isinstance(added, ast.BinOp) and _is_bare(added) and not isinstance(added.left, ast.BinOp):
            raise AmbiguousSum("An added percentage is a part of the number before it, or of 1.")
        divided = isinstance(node.left, ast.BinOp) and isinstance(
            node.left.op, ast.Div | ast.FloorDiv | ast.Mod
        )
        self.generic_visit(node)
        if not isinstance(node.op, ast.MatMult):
            return node
        if divided:
            raise AmbiguousSum("A division before a percentage needs brackets.")
        product = node.left if _is_bare(node) else ast.BinOp(node.left, ast.Mult(), node.right)
        return ast.BinOp(product, ast.Div(), ast.Constant(100))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        raise AmbiguousSum("Before a bracket a sign is missing.")

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        raise AmbiguousSum("A comma stands between two numbers.")


def _is_bare(node: ast.BinOp) -> bool:
    return isinstance(node.right, ast.Name)
