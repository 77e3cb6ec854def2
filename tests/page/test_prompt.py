"""The system prompt for models that write for the built page: made by the build and sent by the server."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chat.llm.clients.openui_prompt import FILE
from chat.testing import ScriptedModel, answer
from chatproject.dev.frontend import node, page
from tests.page.programs import text
from tests.page.tab import Tab

pytestmark = pytest.mark.live

OWN = re.compile(r"^  (\w+): (?:adaptComponent|tolerateFields|\{)", re.MULTILINE)
PICTURES = re.compile(r"^  (\w+): (?:instead|\{)", re.MULTILINE)
OPENUI = (
    'import("@openuidev/react-ui/genui-lib").then((lib) => '
    "console.log(JSON.stringify(Object.keys(lib.openuiChatLibrary.components))))"
)


def registered(build: Path) -> set[str]:
    """Return the names of the renderer's components: OpenUI's, read from OpenUI itself, and those of the page's files."""
    tools, work = node.find(build.parent), build.parent / "work" / "page"
    command = [*tools.node, "--input-type=module", "--eval", OPENUI]
    theirs = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=300, check=True)
    own = OWN.findall((page.SOURCES / "src/openui/c1Components.tsx").read_text())
    pictures = PICTURES.findall((page.SOURCES / "src/openui/pictures.tsx").read_text())
    assert len(own) > 9
    assert len(pictures) > 3
    return {*json.loads(theirs.stdout.splitlines()[-1]), *own, *pictures}


def test_the_system_prompt_of_a_build_describes_every_component(built_page: Path) -> None:
    prompt = (built_page / FILE).read_text()
    described = set(re.findall(r"^([A-Z]\w+)\(", prompt, re.MULTILINE))
    assert described - {"Action"} == registered(built_page)  # Action is part of the language
    assert "https://picsum" not in prompt


def test_a_model_gets_the_system_prompt_of_the_build(
    model: ScriptedModel, servers: Any, built_page: Path, open_tab: Callable[..., Tab]
) -> None:
    models = {"local": {"baseUrl": model.base_url, "model": "m", "openui": True, "system": "Be kind."}}
    site = servers.keep(CHAT_PAGE_BUILD=str(built_page), CHAT_MODELS=json.dumps(models))
    model.default(answer(text("Yes.")))
    tab = open_tab(site)
    tab.choose_model("local")
    tab.ask("Draw it")
    system = model.requests[0].messages[0]
    assert system["role"] == "system"
    assert (built_page / FILE).read_text().strip() in system["content"]
    assert system["content"].startswith("You answer with a user interface")
    assert system["content"].endswith("\n\nBe kind.")
