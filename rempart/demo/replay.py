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
from rempart.demo import make, plan
from rempart.intelligence import commands as intelligence
from rempart.intelligence import queries as known
from rempart.kernel.actors import system
from rempart.kernel.errors import DomainError
from rempart.kernel.worker import Worker
from rempart.organisations import queries as organisations

LOG4SHELL = "CVE-2021-44228"
_LIBRARY = "log4j-core"
_HELD, _FIXED = "2.14.1", "2.17.1"
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
    """The actors of the story: bodies that hold the library, and the worker that does the platform's part."""

    def __init__(self, folder: Path, seconds: float, say: Say) -> None:
        self.folder = folder
        self.seconds = seconds
        self.say = say
        self.worker = Worker("replay")
        self.draw = random.Random(LOG4SHELL)
        recipe = make.recipe()
        if recipe is None:
            raise ReplayError("aucun gouvernement de démonstration : rempart demo make · make the demo first")
        tree = plan.places(recipe.bodies, recipe.seed)
        ids = {place.code: place.pk for place in organisations.bodies(_PLAYER)}
        self.inventories = {
            ids[inventory.place]: inventory.assets
            for inventory in plan.inventories(tree, recipe.assets, recipe.seed)
            if inventory.place in ids and any(_holds(asset) for asset in inventory.assets)
        }

    def set(self, record: dict[str, Any]) -> None:
        """Back to 9 December 2021: the flaw is unknown, and nothing is fixed."""
        self.say("[bold]9 décembre 2021[/] · mise en place · setting the stage")
        withdrawn = json.loads(json.dumps(record))
        withdrawn["cveMetadata"]["state"] = "REJECTED"
        withdrawn["containers"] = {"cna": {"rejectedReasons": [{"lang": "en", "value": "Replay."}]}}
        self._load(withdrawn)
        self.worker.drain()
        for directive in self._open():
            alerts.cancel_directive(_PLAYER, directive_id=directive.pk, reason="Replay")
        for body_id in self.inventories:
            self._inventory(body_id, _HELD)
        self.worker.drain()

    def _load(self, record: dict[str, Any]) -> None:
        path = self.folder / "record.json"
        path.write_text(json.dumps(record), encoding="utf-8")
        intelligence.load_cve(_PLAYER, path)

    def _open(self) -> list[Any]:
        return list(directives.directives(_PLAYER).filter(vulnerability__cve_id=LOG4SHELL, state="open"))

    def _inventory(self, body_id: int, version: str) -> None:
        """The body's whole inventory again, with this version of the library everywhere it stands."""
        rows = [_with_version(asset, version) for asset in self.inventories[body_id]]
        assets.upsert_inventory(_PLAYER, body_id=body_id, source=make.SOURCE, assets=rows, complete=True)

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
        directive = self._directive()
        targets = list(directives.targets(_PLAYER).filter(directive=directive).order_by("pk"))
        self.say(f"{directive.number} · {len(targets)} organismes · bodies")
        answering = targets[max(1, len(targets) // 12) :]
        self._acknowledge(answering)
        self._declare(answering)
        liars = {target.pk for target in self.draw.sample(answering, max(1, len(answering) // 8))}
        self._prove(answering, liars)
        states = list(directives.targets(_PLAYER).filter(directive=directive).values_list("state", flat=True))
        self.say("[bold]24 décembre[/] · bilan · outcome")
        return Outcome(
            bodies=len(targets),
            acknowledged=len(answering),
            declared=len(answering),
            verified=states.count("verified"),
            reopened=states.count("in_progress"),
        )

    def _directive(self) -> Any:
        """What the rule issued; by hand when an earlier one was withdrawn, as the platform asks."""
        found = next(iter(self._open()), None)
        if found is None:
            vulnerability = known.get_vulnerability(_PLAYER, LOG4SHELL)
            found = alerts.issue_directive(_PLAYER, vulnerability_id=vulnerability.pk)
        return found

    def _acknowledge(self, targets: list[Any]) -> None:
        self.say("[bold]10–11 décembre[/] · accusés de réception · acknowledgements")
        for target in targets:
            alerts.acknowledge(_PLAYER, target_id=target.pk, reason="Replay")
            self.wait(0.25 / len(targets))

    def _declare(self, targets: list[Any]) -> None:
        self.say("[bold]12–16 décembre[/] · correctifs déclarés · fixes declared")
        for target in targets:
            alerts.declare(_PLAYER, target_id=target.pk, reason="Replay")
            self.wait(0.25 / len(targets))

    def _prove(self, targets: list[Any], liars: set[int]) -> None:
        self.say("[bold]17–24 décembre[/] · la preuve par l’inventaire · proof by inventory")
        for target in targets:
            self._inventory(target.body_id, _HELD if target.pk in liars else _FIXED)
            self.wait(0.4 / len(targets))


def _holds(asset: dict[str, Any]) -> bool:
    return any(component["product"] == _LIBRARY for component in asset["components"])


def _with_version(asset: dict[str, Any], version: str) -> dict[str, Any]:
    """The asset with this version of the library, where it holds one."""
    components = [
        {**component, "version": version, "purl": component["purl"].rpartition("@")[0] + f"@{version}"}
        if component["product"] == _LIBRARY
        else component
        for component in asset["components"]
    ]
    return {**asset, "components": components}
