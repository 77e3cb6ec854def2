"""Measures of the language of this code base: how docstrings open, and which class names have two meanings.

`python -m tests.unit.language` prints the figures of a checkout; `tests/unit/test_language.py` holds the bounds.
"""

from __future__ import annotations

import ast
import gc
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGES = ("chat", "chatproject", "tests")
RELATIVE = re.compile(r"(What|Who|Whoever|Whose|Which|Where|Wherever|Whether|How|Why|When|That which)\b")
VAGUE = re.compile(r"\b(nobody|somebody|someone|no one|anybody|whoever|what is|what was)\b", re.IGNORECASE)
# First words of imperative sentences. A word that is a noun as often ("Test", "Run" of a run) counts where it opens one.
VERBS = frozenset(Path(__file__).with_name("imperative_verbs.txt").read_text().split())


@dataclass(frozen=True)
class Figures:
    """Shares of first sentences, in percent, and their number."""

    sentences: int
    relative: float
    imperative: float
    vague: float


def sources(root: Path) -> Iterator[Path]:
    """Yield the Python files of the project, migrations excluded."""
    for package in PACKAGES:
        yield from (
            path for path in sorted((root / package).rglob("*.py")) if "node_modules" not in path.parts
        )


@cache
def trees(root: Path) -> dict[Path, ast.Module]:
    """Return the sources, parsed."""
    # Before Python 3.11.5 a collection that parses something itself has `ast.parse` fail (python/cpython#106905).
    gc.disable()
    try:
        return {path: ast.parse(path.read_text()) for path in sources(root)}
    finally:
        gc.enable()


def first_sentences(root: Path) -> list[str]:
    """Return the first sentence of every docstring."""
    texts = filter(
        None, (ast.get_docstring(node) for tree in trees(root).values() for node in definitions(tree))
    )
    return [re.split(r"(?<=[.!?])\s", " ".join(text.split()), maxsplit=1)[0] for text in texts]


Definition = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def definitions(node: ast.AST) -> Iterator[Definition]:
    """Yield the module, classes and functions of a tree; expressions, which hold none, are passed over."""
    if isinstance(node, Definition):
        yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield from definitions(child)


def measure(root: Path) -> Figures:
    """Return the figures of a checkout."""
    sentences = first_sentences(root)

    def share(number: int) -> float:
        return round(100 * number / len(sentences), 1)

    return Figures(
        len(sentences),
        share(sum(bool(RELATIVE.match(text)) and not text.endswith("?") for text in sentences)),
        share(sum(text.split()[0].rstrip(",;:.") in VERBS for text in sentences)),
        share(sum(bool(VAGUE.search(text)) for text in sentences)),
    )


def homonyms(root: Path) -> dict[str, list[str]]:
    """Return the public class names that more than one module of the project defines, with the modules."""
    where: defaultdict[str, list[str]] = defaultdict(list)
    for path, tree in trees(root).items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                where[node.name].append(str(path.relative_to(root)))
    allowed = {"Command", "Migration"}  # Django finds both by their name
    return {name: paths for name, paths in sorted(where.items()) if len(paths) > 1 and name not in allowed}


if __name__ == "__main__":
    checkout = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    print(measure(checkout))
    for name, paths in homonyms(checkout).items():
        print(name, *paths)
