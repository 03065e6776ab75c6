"""What the content policy and the promises of lightness ask of every template and static file."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.template import engines
from django.template.loader import get_template

pytestmark = pytest.mark.any_database

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted(ROOT.glob("*/templates/**/*.html"))
# Data blocks are not scripts: browsers never run them, and the policy lets them be.
_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", re.IGNORECASE)
_INLINE = re.compile(r"\sstyle\s*=|<style\b|\son[a-z]+\s*=|\shx-on|javascript:|hx-vals='js:", re.IGNORECASE)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_inline(path: Path) -> None:
    source = path.read_text("utf-8")
    assert not _SCRIPT.search(source)
    assert not _INLINE.search(source)


@pytest.mark.parametrize(
    "path", [path for path in TEMPLATES if path.is_relative_to(ROOT / "web")], ids=lambda path: path.name
)
def test_every_template_of_the_shell_compiles(path: Path) -> None:
    engines["django"].from_string(path.read_text("utf-8"))


def test_scripts_and_styles_of_a_page_are_light() -> None:
    source = Path(get_template("web/base.html").origin.name).read_text("utf-8")
    files = re.findall(r"{% static '([^']+)' %}", source)
    assert len(files) >= 8
    weight = 0
    for name in files:
        found = finders.find(name)
        assert found, name
        weight += len(gzip.compress(Path(found).read_bytes(), 9))
    assert weight < 60 * 1024


def test_styles_use_the_tokens() -> None:
    """A colour outside the tokens would have no dark counterpart; TLP's own and shadows aside."""
    allowed = {"#000", "#fff", "#33ff00", "#ffc000", "#ff2b2b", "#0003", "#0b1622a6", "#999", "#9fd0f7"}
    for name in ("base", "components", "charts"):
        text = Path(finders.find(f"web/{name}.css")).read_text("utf-8")
        colours = set(re.findall(r"(?<=[: ,(])#[0-9a-f]{3,8}\b(?=[;, )}])", text))
        assert colours <= allowed, name
