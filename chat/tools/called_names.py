"""The tool that a model meant by a name in another spelling than the declared one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from chat.llm.clients.portable_names import told_apart

# Ahead of the name: `functions.`, `default_api:`, `tools/`, `mcp__server__` (openclaw/openclaw#39328, code-yeongyu/senpi#2025).
_NAMESPACE = re.compile(r".*(?:[.:/]|__)")
# Behind it: a token of OpenAI's harmony format (vllm-project/vllm#32587), the number of the call in Kimi's ids, and what
# Claude's models put there (NousResearch/hermes-agent#14186).
_REST = re.compile(r"<\|.*|:\d+\Z|_tool\Z", re.IGNORECASE | re.DOTALL)


def declared_name(called: str, declared: Collection[str]) -> str:
    """Return the only tool whose name differs from the called one in case, signs or a namespace; else the name as it is."""
    if called in declared:
        return called
    for name, sent in told_apart(declared).items():
        if sent == called.strip():
            return name
    for spelling in _spellings(called.strip()):
        meant = [name for name in declared if _folded(name) == _folded(spelling) != ""]
        if meant:
            return meant[0] if len(meant) == 1 else called
    return called


def _spellings(called: str) -> Iterator[str]:
    plain = _REST.sub("", called)
    yield from (called, plain, _NAMESPACE.sub("", plain))


def _folded(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())
