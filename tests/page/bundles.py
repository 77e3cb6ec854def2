"""Modules of the page as one file for Node: their rules are tested without a browser."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chatproject.dev.frontend import node, page

# The browser's parts that modules touch when nothing is drawn: a language, places for announcements, a storage.
BROWSER = """
const kept = new Map();
globalThis.localStorage = {
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => kept.set(key, value),
  removeItem: (key) => kept.delete(key),
};
globalThis.document = { documentElement: { lang: "en" }, getElementById: () => ({}) };
globalThis.addEventListener = globalThis.removeEventListener = () => undefined;
"""


def bundled(build: Path, modules: Sequence[str], target: Path) -> Path:
    """Return modules below `chat/page/src` as one file, made with the packages of the page's build."""
    work = build.parent / "work" / "page"
    entry = "".join(f'export * from "{page.SOURCES / "src" / module}";' for module in modules)
    entry += f'export {{ ProblemError }} from "chat-client"; export * from "{page.SHARED}/js/thinking.js";'
    options = [
        "--bundle",
        "--format=esm",
        "--platform=node",
        "--alias:react=./node_modules/react",
        f"--alias:@plain={page.SHARED}",
        f"--alias:chat-client={page.CLIENT / 'src' / 'index.js'}",
        "--define:import.meta.glob=Object",  # Vite's; without it the words are English
        "--log-level=error",
    ]
    command = [str(work / "node_modules" / ".bin" / "esbuild"), *options, f"--outfile={target}"]
    subprocess.run(command, input=entry, text=True, cwd=work, timeout=300, check=True)
    return target


def evaluated(build: Path, bundle: Path, script: str) -> Any:
    """Return what a script returns; it is the body of an async function with the bundle's exports as `page`."""
    program = f"{BROWSER}\nconst page = await import({json.dumps(bundle.as_uri())});\n"
    program += f"console.log(JSON.stringify(await (async () => {{{script}}})()));"
    command = [*node.find(build.parent).node, "--input-type=module", "-e", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
