"""Plays December 2021 on the screen: Log4Shell arrives, directives leave, fixes are declared, then proved.

Everything goes through the platform's own commands, so what the board shows is what it would have shown. The
stage is set first: the record is withdrawn, and the bodies hold again the versions of that December.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rempart.alerts import commands as alerts
from rempart.alerts import queries as directives
from rempart.assets import commands as assets
from rempart.assets import queries as held
from rempart.intelligence import commands as intelligence
from rempart.kernel.actors import system
from rempart.kernel.errors import DomainError
from rempart.kernel.worker import Worker

LOG4SHELL = "CVE-2021-44228"
_PURL = "pkg:maven/org.apache.logging.log4j/log4j-core@{}"
_FIXED = "2.17.1"
_PLAYER = system("demo.replay")

Say = Callable[[str], object]


class ReplayError(DomainError):
    """The data or the demo government that the replay needs are not there."""


@dataclass(frozen=True)
class Outcome:
    """What the replay came to."""

    bodies: int
    acknowledged: int
    declared: int
    verified: int
    reopened: int


def play(data: Path, seconds: float, say: Say) -> Outcome:
    """Plays the story in about so many seconds. A worker must run beside (``rempart serve`` has one), or
    none at all: the replay then does the worker's part itself.
    """
    record = _record(data)
    stage = _Stage(Path(tempfile.mkdtemp(prefix="rempart-replay-")), seconds, say)
    stage.set(record)
    return stage.play(record, data / "kev" / "known_exploited_vulnerabilities.json")


def _record(data: Path) -> dict[str, Any]:
    path = data / "cve" / "log4shell.jsonl"
    try:
        return dict(json.loads(path.read_text(encoding="utf-8").splitlines()[0]))
    except (OSError, ValueError, IndexError) as error:
        raise ReplayError(f"{path}: {error}") from error


class _Stage:
    def __init__(self, folder: Path, seconds: float, say: Say) -> None:
        self.folder = folder
        self.seconds = seconds
        self.say = say
        self.worker = Worker("replay")
        self.draw = random.Random(LOG4SHELL)

    def set(self, record: dict[str, Any]) -> None:
        """Back to 9 December 2021: the flaw is unknown, and nothing is fixed."""
        self.say("[bold]9 décembre 2021[/] · mise en place · setting the stage")
        withdrawn = json.loads(json.dumps(record))
        withdrawn["cveMetadata"]["state"] = "REJECTED"
        withdrawn["containers"] = {"cna": {"rejectedReasons": [{"lang": "en", "value": "Replay."}]}}
        self._load(withdrawn)
        for directive in directives.open_directives_for(_PLAYER, LOG4SHELL):
            alerts.cancel_directive(_PLAYER, directive_id=directive.pk, reason="Replay")
        for body_id, keys in held.assets_holding(_PLAYER, "log4j-core").items():
            self._inventory(body_id, keys, "2.14.1")
        self.worker.drain()

    def _load(self, record: dict[str, Any]) -> None:
        path = self.folder / "record.json"
        path.write_text(json.dumps(record), encoding="utf-8")
        intelligence.load_cve(_PLAYER, path)

    def _inventory(self, body_id: int, keys: list[str], version: str) -> None:
        """The body's own inventory of these assets, with this version of the library."""
        software = {
            "vendor": "Apache", "product": "log4j-core", "version": version, "purl": _PURL.format(version),
        }  # fmt: skip
        assets.upsert_inventory(
            _PLAYER,
            body_id=body_id,
            source="replay",
            assets=[{"key": key, "components": [software]} for key in keys],
            complete=True,
        )

    def wait(self, share: float) -> None:
        """Lets a share of the story's time pass, doing the worker's part meanwhile."""
        end = time.monotonic() + self.seconds * share
        self.worker.drain()
        while time.monotonic() < end:
            if not self.worker.turn():
                time.sleep(min(0.2, max(0.0, end - time.monotonic())))

    def play(self, record: dict[str, Any], catalogue: Path) -> Outcome:
        self.say("[bold]10 décembre[/] · l’avis arrive · the advisory arrives")
        self._load(record)
        intelligence.load_kev(_PLAYER, catalogue)
        self.wait(0.1)
        directive = next(iter(directives.open_directives_for(_PLAYER, LOG4SHELL)), None)
        if directive is None:
            raise ReplayError("aucun organisme exposé : rempart demo make · no exposed body: rempart demo make")
        targets = directives.targets_of(_PLAYER, directive.number)
        self.say(f"{directive.number} · {len(targets)} organismes · bodies")
        holding = held.assets_holding(_PLAYER, "log4j-core")
        silent = max(1, len(targets) // 12)
        acknowledged = self._acknowledge([target.pk for target in targets[silent:]])
        declared, liars = self._declare([target for target in targets[silent:]])
        verified, reopened = self._prove(declared, liars, holding)
        self.say("[bold]24 décembre[/] · bilan · outcome")
        return Outcome(len(targets), acknowledged, len(declared), verified, reopened)

    def _acknowledge(self, target_ids: list[int]) -> int:
        self.say("[bold]10–11 décembre[/] · accusés de réception · acknowledgements")
        for target_id in target_ids:
            alerts.acknowledge(_PLAYER, target_id=target_id, reason="Replay")
            self.wait(0.25 / len(target_ids))
        return len(target_ids)

    def _declare(self, targets: list[Any]) -> tuple[list[Any], set[int]]:
        self.say("[bold]12–16 décembre[/] · correctifs déclarés · fixes declared")
        for target in targets:
            alerts.declare(_PLAYER, target_id=target.pk, reason="Replay")
            self.wait(0.25 / len(targets))
        liars = {target.pk for target in self.draw.sample(targets, max(1, len(targets) // 8))}
        return targets, liars

    def _prove(self, targets: list[Any], liars: set[int], holding: dict[int, list[str]]) -> tuple[int, int]:
        self.say("[bold]17–24 décembre[/] · la preuve par l’inventaire · proof by inventory")
        for target in targets:
            version = "2.14.1" if target.pk in liars else _FIXED
            self._inventory(target.body_id, holding[target.body_id], version)
            self.wait(0.4 / len(targets))
        states = [target.state for target in directives.targets_by_id(_PLAYER, [t.pk for t in targets])]
        return states.count("verified"), sum(state == "in_progress" for state in states)
