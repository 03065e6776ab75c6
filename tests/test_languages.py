"""Every text has its French and its English, and one term per concept."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

pytestmark = pytest.mark.any_database

ROOT = Path(__file__).resolve().parents[1]
ROOMS = (
    "kernel", "organisations", "assets", "intelligence", "exposure", "alerts", "indicators", "detection",
    "web", "demo",
)  # fmt: skip

# The glossary's traps: words that the French interface does not use, whatever the case.
BANNED = re.compile(
    r"\b(e-?mails?|mails?|phishing|ransomware|malware|cloud|patch(?:s|es|er|é)?|scan(?:s|ner|né)?|balayage|"
    r"numérisation|cookies?|login|password|compliance|CIA)\b",
    re.IGNORECASE,
)
# Where a banned word is part of a name or of the law's own vocabulary.
ALLOWED = re.compile(r"scan de ports|CycloneDX|%\(mail\)s", re.IGNORECASE)


@pytest.fixture(scope="module")
def catalogues(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Catalog]:
    """What the code asks to translate now, room by room, with the translations that the repository holds."""
    copy = tmp_path_factory.mktemp("texts") / "rempart"
    shutil.copytree(
        ROOT / "rempart", copy, ignore=shutil.ignore_patterns("*.pyc", "*.mo", "tests", "migrations")
    )
    found = {}
    for room in ROOMS:
        (copy / room / "locale").mkdir(exist_ok=True)
        subprocess.run(
            [
                sys.executable,
                "-m",
                "django",
                "makemessages",
                "-l",
                "en",
                "--no-obsolete",
                "--no-wrap",
                "-v",
                "0",
            ],
            cwd=copy / room,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": ""},
            check=True,
        )
        path = copy / room / "locale" / "en" / "LC_MESSAGES" / "django.po"
        if path.exists():
            with path.open("rb") as handle:
                found[room] = read_po(handle, locale="en")
    return found


def test_every_text_has_its_english(catalogues: dict[str, Catalog]) -> None:
    assert sum(len(catalogue) for catalogue in catalogues.values()) > 500
    missing = []
    for room, catalogue in catalogues.items():
        for message in catalogue:
            translated = message.string if isinstance(message.string, tuple | list) else (message.string,)
            if message.id and (message.fuzzy or not all(translated)):
                missing.append(f"{room}: {message.id}")
    assert not missing


def test_french_uses_the_terms_of_the_glossary(catalogues: dict[str, Catalog]) -> None:
    guilty = []
    for room, catalogue in catalogues.items():
        for message in catalogue:
            texts = message.id if isinstance(message.id, tuple | list) else (message.id,)
            guilty += [f"{room}: {text}" for text in texts if text and BANNED.search(ALLOWED.sub("", text))]
    assert not guilty


# French sets a narrow no-break space before ; ! ?, a no-break one before : and inside guillemets, and ’.
# Markup is no text: an attribute keeps its own quotes and signs.
BADLY_SET = re.compile(
    r"[^\S\u202f][;!?]|[^\s\u202f;!?][;!?](?=\s|$)|[^\S\u00a0]:(?=\s|$)|«[^\u00a0]|[^\u00a0]»"
    r"|\w'\w|\.\.\.|\"|n° "
)
MARKUP = re.compile(r"<[^>]*>|&\w+;|«\u00a0[\w:]+\u00a0»")


def test_french_is_set_as_french_is(catalogues: dict[str, Catalog]) -> None:
    guilty = []
    for room, catalogue in catalogues.items():
        for message in catalogue:
            texts = message.id if isinstance(message.id, tuple | list) else (message.id,)
            guilty += [f"{room}: {text}" for text in texts if text and BADLY_SET.search(MARKUP.sub("", text))]
    assert not guilty


def test_a_text_reads_the_same_in_every_room(catalogues: dict[str, Catalog]) -> None:
    """One catalogue answers for all rooms: of two translations, one would be wrong somewhere."""
    english: dict[tuple[str | None, str], dict[str, str]] = {}
    for room, catalogue in catalogues.items():
        for message in catalogue:
            if message.id:
                english.setdefault((message.context, str(message.id)), {})[room] = str(message.string)
    guilty = {text: rooms for text, rooms in english.items() if len(set(rooms.values())) > 1}
    assert not guilty


def test_placeholders_are_the_same_in_both_languages(catalogues: dict[str, Catalog]) -> None:
    names = re.compile(r"%\((\w+)\)|\{(\w*)\}")
    guilty = []
    for room, catalogue in catalogues.items():
        for message in catalogue:
            if not message.id or isinstance(message.id, tuple | list):
                continue
            french, english = names.findall(message.id), names.findall(str(message.string))
            if sorted(french) != sorted(english):
                guilty.append(f"{room}: {message.id}")
    assert not guilty


def test_templates_hold_no_french_outside_gettext() -> None:
    """Text between tags goes through ``trans``: accented words left bare would not be translated."""
    tags = re.compile(
        r"{%\s*blocktrans(?:late)?.*?{%\s*endblocktrans(?:late)?\s*%}|{#.*?#}|{%\s*comment.*?endcomment\s*%}|{%.*?%}|"
        r"{{.*?}}|<[^>]*>",
        re.DOTALL,
    )
    guilty = []
    for path in (ROOT / "rempart").rglob("templates/**/*.html"):
        bare = tags.sub(" ", path.read_text("utf-8"))
        accented = re.findall(r"[^\s]*[àâçéèêëîïôùûœÀÉÈ][^\s]*", bare)
        guilty += [f"{path.relative_to(ROOT)}: {word}" for word in accented]
    assert not guilty
