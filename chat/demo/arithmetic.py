"""Sums in everyday notation: thousands separators, percentages, powers, in English and German numbers."""

from __future__ import annotations

import ast
import re
from typing import TypeGuard

from .blocks import DATA, LIMITS, TEXTS, patterns

_DETAILS = patterns("calculation")
_SIGNS = str.maketrans(DATA["calculation"]["signs"])
_DIVISIONS = (ast.Div, ast.FloorDiv, ast.Mod)


class AmbiguousSum(ValueError):
    """A sum with several readings, or with none: the name of the reason, and the number that is at fault."""

    def __init__(self, reason: str, number: str = "") -> None:
        super().__init__(reason)
        self.reason, self.number = reason, number

    def sentence(self, language: str) -> str:
        """Return the reason as a sentence for the user."""
        return str(TEXTS[language]["ambiguous"]["reasons"][self.reason].format(self.number))


def is_asked(words: str) -> bool:
    """Return whether a message is a sum, or asks for one."""
    text = _symbols(words)
    return bool(_runs(text) and (not _DETAILS["word"].search(text) or _DETAILS["asking"].match(words)))


def expression(words: str, language: str = "en") -> str:
    """Return the sum of a message in the syntax of calculators, "" if there is none. Raise AmbiguousSum."""
    plain = _plain_german if language == "de" else _plain
    runs = _runs(_symbols(words))
    if not runs:
        return ""
    run, *more = runs
    if more:
        raise AmbiguousSum("several")
    if _DETAILS["remainder"].search(run):
        raise AmbiguousSum("remainder")
    try:
        tree = ast.parse(" ".join(_DETAILS["number"].sub(plain, run).split()), mode="eval")
        return ast.unparse(_Percentages().visit(tree)).replace(" ", "")
    except (SyntaxError, RecursionError, MemoryError):
        raise AmbiguousSum("malformed") from None


def _symbols(words: str) -> str:
    text = words[: LIMITS.read_characters].translate(_SIGNS)
    for symbol, spoken in DATA["calculation"]["spoken"].items():
        text = re.sub(spoken, symbol, text)
    return text


def _runs(text: str) -> list[str]:
    """Return the stretches of numbers and signs that hold an operation and are no part of a word."""
    found = ((match[0].strip(" \t\n.,"), match) for match in _DETAILS["run"].finditer(text))
    return [run for run, match in found if _DETAILS["operation"].search(run) and not _touches_word(match)]


def _touches_word(run: re.Match[str]) -> bool:
    before = "" if run[0][0].isspace() else run.string[: run.start()][-1:]
    after = "" if run[0][-1].isspace() else run.string[run.end() :][:1]
    return bool(_DETAILS["in_words"].search(before + after))


def _plain(found: re.Match[str]) -> str:
    number = found[0]
    if not _DETAILS["plain_number"].fullmatch(number) or _DETAILS["german_thousands"].fullmatch(number):
        raise AmbiguousSum("number", number)
    return number.replace(",", "")


def _plain_german(found: re.Match[str]) -> str:
    number = found[0]
    if _DETAILS["german_number"].fullmatch(number):
        return number.replace(".", "").replace(",", ".")
    # A point before one, two or more than three digits separates no thousands.
    if re.fullmatch(r"\d*\.\d+", number):
        return number
    raise AmbiguousSum("number", number)


class _Percentages(ast.NodeTransformer):
    """Write percentages as divisions; these come last, since 17*4350/100 is exact where 0.17*4350 is not."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        left, right = node.left, node.right
        if (
            isinstance(node.op, ast.Add | ast.Sub)
            and _is_bare(right)
            and not isinstance(right.left, ast.BinOp)
        ):
            raise AmbiguousSum("added")
        self.generic_visit(node)
        if not isinstance(node.op, ast.MatMult):
            return node
        if isinstance(left, ast.BinOp) and isinstance(left.op, _DIVISIONS):
            raise AmbiguousSum("divided")
        product = node.left if _is_bare(node) else ast.BinOp(node.left, ast.Mult(), node.right)
        return ast.BinOp(product, ast.Div(), ast.Constant(100))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        raise AmbiguousSum("call")

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        raise AmbiguousSum("comma")


def _is_bare(node: ast.expr) -> TypeGuard[ast.BinOp]:
    """Return whether this is a percentage without an "of"."""
    return isinstance(node, ast.BinOp) and isinstance(node.right, ast.Name)
