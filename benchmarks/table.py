"""Prints a benchmark's lines as a Markdown table, ready for README.md."""

from __future__ import annotations

import platform
import resource
import sys
from collections.abc import Iterable


def show(title: str, headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    print(f"\n### {title}\n")
    print("| " + " | ".join(headings) + " |")
    print("|" + "---|" * len(headings))
    for row in rows:
        print("| " + " | ".join(row) + " |")
        sys.stdout.flush()  # a row may take minutes


def machine() -> str:
    return f"{platform.machine()}, Python {platform.python_version()}"


def peak_mib() -> float:
    """The largest resident size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
