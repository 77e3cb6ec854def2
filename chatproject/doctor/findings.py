"""The form of a finding."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was checked. `remedy`: what to do about it; empty where nothing is wrong."""

    subject: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        if not self.remedy:
            return f"ok     {self.subject}: {self.text}"
        return f"FAULT  {self.subject}: {self.text}\n       Remedy: {self.remedy}"
