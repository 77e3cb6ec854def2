"""The state of a process hangs on one object; all else at the level of modules is constant once the apps are loaded."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chat
from chat.process import ProcessState, process

ROOT = Path(chat.__file__).parent

# Names with a meaning of their own: loggers, Django's routes, decoders bound to a name, variables of a task's context.
CONSTANT = {"logger", "urlpatterns", "decode", "current_request", "current_call"}

# Read or filled once, while Django starts: the settings, and the tools that installed apps register.
AT_START = {"chat/conf.py: settings", "chat/tools/registry.py: _tools"}


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        if "migrations" not in path.parts and "node_modules" not in path.parts:
            yield str(path.relative_to(ROOT.parent)), ast.parse(path.read_text())


def _variables(module: ast.Module) -> Iterator[str]:
    """Yield the names of a module that are bound to an object and are not written as constants."""
    for node in module.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(
            node.value, ast.Call | ast.Dict | ast.List | ast.Set
        ):
            targets: list[Any] = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if (
                    isinstance(target, ast.Name)
                    and target.id.lower() == target.id
                    and not target.id.startswith("__")
                ):
                    yield target.id


def test_one_object_holds_the_state_of_the_process() -> None:
    found = {
        f"{path}: {name}"
        for path, module in _modules()
        for name in _variables(module)
        if name not in CONSTANT
    }
    assert found - AT_START == {"chat/process.py: process"}


def test_no_function_rebinds_a_global_name() -> None:
    rebinding = [
        path for path, module in _modules() for node in ast.walk(module) if isinstance(node, ast.Global)
    ]
    assert rebinding == []


def test_a_part_is_made_once_and_another_process_has_its_own() -> None:
    class Part:
        pass

    state = ProcessState()
    assert state.existing(Part) is None
    assert state.part(Part) is state.part(Part) is state.existing(Part)
    assert ProcessState().part(Part) is not state.part(Part)
    assert process.existing(Part) is None
