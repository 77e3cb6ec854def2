"""The documentation as a whole: links, the README's size, the map, the promises and the guides' examples."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

import msgspec
import pytest

from chat.llm import config
from chat.tools import registry
from chat.tools.mcp import spec as mcp_spec
from chatproject.dev.bootstrap import ROOT
from tests.unit.documents import DOCS, FILES, Document, code, page

# Lines: a longer README is a reference, and that has its own pages.
README_LINES = 150
# Bytes of one picture: every visitor of the repository loads it.
PICTURE_BYTES = 80 * 1024

ARCHITECTURE, PROMISES = page("explanation/architecture.md"), page("explanation/promises.md")
MODELS, TOOLS, MCP = page("guides/models.md"), page("guides/tools.md"), page("guides/mcp.md")


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= README_LINES


def resolves(link: str, source: Path) -> bool:
    """Return true where a relative link leads to a file, and its anchor to a heading there."""
    path, _, anchor = link.partition("#")
    target = (source.parent / path).resolve() if path else source
    if not target.is_relative_to(ROOT) or not target.exists():
        return False
    return not anchor or anchor in Document(target).anchors()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_and_anchor_resolves(path: Path) -> None:
    links = [link for link in Document(path).links() if not re.match(r"[a-z]+:", link)]
    assert [link for link in links if not resolves(link, path)] == []


def test_every_page_is_in_the_index() -> None:
    index = Document(DOCS / "README.md")
    listed = {str((DOCS / link).resolve().relative_to(DOCS)) for link in index.links() if "#" not in link}
    index.assert_names(listed, {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")} - {"README.md"})


def test_every_picture_is_shown_and_small() -> None:
    shown = {Path(link).name for path in FILES for link in Document(path).links() if link.endswith(".png")}
    pictures = list((DOCS / "images").iterdir())
    assert shown == {picture.name for picture in pictures}
    assert [picture.name for picture in pictures if picture.stat().st_size >= PICTURE_BYTES] == []


def entries(folder: Path) -> set[str]:
    """Return the files and folders that belong to the project, named as the map names them."""
    lines = (ROOT / ".gitignore").read_text().splitlines()
    ignored = [line.strip("/") for line in lines if not line.startswith("#")]
    names = {f"{path.name}/" if path.is_dir() else path.name for path in folder.iterdir()} - {".git/", ".git"}
    return {name for name in names if not any(fnmatch.fnmatch(name.strip("/"), one) for one in ignored)}


@pytest.mark.parametrize(
    ("head", "folder", "apart"), [("place", ".", set()), ("module", "chat", {"__init__.py"})]
)
def test_the_map_names_every_entry_and_no_other(head: str, folder: str, apart: set[str]) -> None:
    ARCHITECTURE.assert_names(ARCHITECTURE.names(head), entries(ROOT / folder) - apart)


DEFINED = re.compile(r"^\s*(?:async def|def|class) (\w+)", re.MULTILINE)


def proofs() -> set[str]:
    """Return the name of every test and check."""
    # By a pattern: to parse all of them takes some seconds.
    texts = [path.read_text() for path in (ROOT / "tests").rglob("*.py")]
    return {name for text in texts for name in DEFINED.findall(text)}


def test_every_promise_names_its_tests() -> None:
    assert [row[0] for row in PROMISES.rows("promise") if not code(row[1])] == []


def test_every_test_that_a_page_names_exists() -> None:
    names = {
        name for path in FILES for name in re.findall(r"`((?:test|assert)_\w+|Test\w+)`", path.read_text())
    }
    assert names
    assert names - proofs() == set()


def test_the_tool_of_the_guide_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_tools", {})
    exec(compile("".join(TOOLS.blocks("python")), TOOLS.name, "exec"), {"__name__": "guide"})
    parameters = registry._tools["find_orders"].schema["function"]["parameters"]
    assert set(parameters["properties"]) == {"customer", "limit"}
    assert "book_table" in registry._tools


@pytest.mark.parametrize(("guide", "spec"), [(MODELS, config.ModelSpec), (MCP, mcp_spec.McpSpec)])
def test_every_field_of_a_configuration_is_in_its_guide(guide: Document, spec: type[msgspec.Struct]) -> None:
    real = {field.encode_name for field in msgspec.structs.fields(spec)}
    guide.assert_names(guide.names("field"), real)


def test_the_models_of_the_guide_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THESYS_API_KEY", "key")
    named = [set(config.read(example.strip())) - {"c1", "openassistant"} for example in MODELS.blocks("json")]
    assert named == [{"local"}, {"sonnet"}]


def test_the_mcp_servers_of_the_guide_are_understood() -> None:
    (example,) = MCP.blocks("json")
    assert set(msgspec.json.decode(example, type=dict[str, mcp_spec.McpSpec])) == {"files", "wiki", "notes"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_page_names_exists(path: Path) -> None:
    named = re.findall(r"`((?:chat|chatproject|tests|docs)/[\w/.-]*\w)/?`", path.read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []
