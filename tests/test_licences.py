"""Every dependency may be shipped with a program under the Apache License 2.0, and is justified."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest

pytestmark = pytest.mark.any_database

ROOT = Path(__file__).resolve().parents[1]
COMPATIBLE = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla Public|Unlicense|Public Domain|zlib|CC0|"
    r"HPND|LGPL|Lesser General|PostgreSQL|OSI Approved$|Zope|BlueOak",
    re.IGNORECASE,
)

# Packages whose metadata name no licence, read in their repository.
READ_BY_HAND = {"pyrage": "MIT"}


def _locked(name: str) -> list[str]:
    return re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / name).read_text("utf-8"), re.MULTILINE)


def _licence(name: str) -> str:
    if name in READ_BY_HAND:
        return READ_BY_HAND[name]
    about = metadata.metadata(name)
    classifiers = [c for c in about.get_all("Classifier") or [] if c.startswith("License ::")]
    return " ; ".join(
        filter(None, [about.get("License-Expression"), *classifiers, (about.get("License") or "")[:80]])
    )


def test_licences_are_compatible() -> None:
    locked = _locked("requirements.lock")
    assert len(locked) > 40
    refused = {name: licence for name in locked if not COMPATIBLE.search(licence := _licence(name))}
    assert not refused


def test_every_direct_dependency_is_justified() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    block = re.search(r"^dependencies = \[(.*?)^\]", project, re.DOTALL | re.MULTILINE)
    assert block
    names = re.findall(r'"([A-Za-z0-9_.-]+)', block.group(1))
    page = (ROOT / "docs" / "dependencies.md").read_text("utf-8").lower()
    assert not [name for name in names if f"`{name.lower()}`" not in page]
