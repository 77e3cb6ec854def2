"""Names of MCP servers' tools among the tools of a model, and the text of their results."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection
from typing import Any

import msgspec

# Providers take 64 characters.
NAME_CHARACTERS = 64
# Of the digest that tells two tools apart whose names would be the same: 32 bits, for at most some hundred tools.
DIGEST_CHARACTERS = 8


def distinct_names(server: str, names: Collection[str], reserved: Collection[str]) -> dict[str, str]:
    """Return a valid name for each of a server's tools, `<server>_<tool>`, independent of their order.

    Where two would be the same, or one is reserved, all except the one that needs no change get a digest of their own name.
    """
    valid = {name: _valid(f"{server}_{name}") for name in names}
    uses = Counter(valid.values())
    return {
        name: short
        if short not in reserved and (uses[short] == 1 or short == f"{server}_{name}")
        else _with_digest(short, name)
        for name, short in valid.items()
    }


def _valid(name: str) -> str:
    return re.sub("[^A-Za-z0-9_-]", "_", name)[:NAME_CHARACTERS]


def _with_digest(short: str, name: str) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()[:DIGEST_CHARACTERS]
    return f"{short[: NAME_CHARACTERS - DIGEST_CHARACTERS - 1]}_{digest}"


def result_text(result: Any) -> str:
    """Return the text of a result: texts, embedded texts, and a note in brackets for every other block."""
    blocks = [_block_text(block) for block in result.content]
    if not blocks and result.structured_content is not None:
        return msgspec.json.encode(result.structured_content).decode()
    return "\n".join(blocks)


def _block_text(block: Any) -> str:
    for holder in (block, getattr(block, "resource", None)):
        text = getattr(holder, "text", None)
        if isinstance(text, str):
            return text
    return f"[{' '.join([block.type, *_details(block)])}]"


def _details(block: Any) -> list[str]:
    """Return name, address and type of a block without text, as far as it has them."""
    resource = getattr(block, "resource", block)
    values = (getattr(resource, field, None) for field in ("name", "uri", "mime_type"))
    return [str(value) for value in values if value]
