"""The disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from chatproject.dev.postgres.cluster_home import LOCATION_FILE
from chatproject.doctor.findings import Finding

# Bytes and share of a disk below which it is nearly full: a checkpoint of Postgres takes up to a gigabyte.
LEAST_BYTES = 2_000_000_000
LEAST_SHARE = 0.05


def check(data: Path) -> Iterator[Finding]:
    """Check the disk of the data folder, and that of the embedded database where it lies elsewhere."""
    location = data / LOCATION_FILE
    folders = [data, Path(location.read_text().strip())] if location.exists() else [data]
    yield from (disk(folder) for folder in folders if folder.exists())


def disk(folder: Path) -> Finding:
    usage = shutil.disk_usage(folder)
    text = f"{usage.free / 1e9:.1f} of {usage.total / 1e9:.1f} GB are free under {folder}"
    if usage.free >= LEAST_BYTES and usage.free >= usage.total * LEAST_SHARE:
        return Finding("disk", text)
    return Finding(
        "disk",
        text,
        "Make room: a full disk stops Postgres. `CHAT_RETENTION_DAYS` and `manage.py retention` delete old threads.",
    )
