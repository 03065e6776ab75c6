"""Plays December 2021 on the screen: Log4Shell arrives, directives leave, fixes are declared, then proved.

Everything goes through the platform's own commands, so what the board shows is what it would have shown. The
stage is set first: the record is withdrawn, and the bodies hold again the versions of that December.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
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
from rempart.kernel.errors import Conflict, DomainError
from rempart.kernel.worker import Worker
from rempart.organisations import queries as organisations

LOG4SHELL = "CVE-2021-44228"
_LIBRARY = "log4j-core"
_HELD, _FIXED = "2.14.1", "2.17.1"
_PLAYER = system("demo.replay")

Say = Callable[[str], object]
Step = Callable[[str, int, int], object]  # what is done, how many of how many
# When each part of the story ends, as a share of its time.
_ARRIVED, _ACKNOWLEDGED, _DECLARED, _PROVED = 0.1, 0.35, 0.6, 1.0


class ReplayError(DomainError):
    """The data that the replay needs are not there."""


@dataclass(frozen=True)
class Outcome:
    """What the replay came to."""

    bodies: int
    acknowledged: int
    declared: int
    verified: int
    reopened: int


def play(data: Path, seconds: float, say: Say, step: Step = lambda _what, _done, _total: None) -> Outcome:
    """Plays the story in so many seconds once its stage is set; a slow machine waits less between its steps.
    A worker must run beside (``rempart serve`` has one), or none at all: the replay then does the worker's
    part itself. Raises ReplayError without the data, NoDemo without the demo government.
    """
    record = _record(data)
    catalogue = data / "kev" / "known_exploited_vulnerabilities.json"
    if not catalogue.is_file():
        raise ReplayError(f"{catalogue} : ce fichier manque · this file is missing")
    with tempfile.TemporaryDirectory(prefix="rempart-replay-") as folder:
        stage = _Stage(Path(folder), seconds, say, step)
        stage.set(record)
        return stage.play(record, catalogue)


def _record(data: Path) -> dict[str, Any]:
    path = data / "cve" / "log4shell.jsonl"
    try:
        return dict(json.loads(path.read_text(encoding="utf-8").splitlines()[0]))
    except FileNotFoundError as error:
        raise ReplayError(f"{path} : ce fichier manque · this file is missing") from error
    except (OSError, ValueError, IndexError) as error:
        raise ReplayError(f"{path} : {error}") from error


class _Stage:
    """The actors of the story: bodies that hold the library, and the worker that does the platform's part."""

    def __init__(self, folder: Path, seconds: float, say: Say, step: Step) -> None:
        self.folder = folder
        self.seconds = seconds
        self.began = 0.0
        self.say = say
        self.step = step
        self.worker = Worker("replay")
        self.draw = random.Random(LOG4SHELL)
        recipe = make.recipe()
        if recipe is None:
            raise make.NoDemo
        tree = plan.places(recipe.bodies, recipe.seed)
        ids = {place.code: place.pk for place in organisations.bodies(_PLAYER)}
        self.inventories = {
            ids[inventory.place]: inventory.assets
            for inventory in plan.inventories(tree, recipe.assets, recipe.seed)
            if inventory.place in ids and any(_holds(asset) for asset in inventory.assets)
        }

    def set(self, record: dict[str, Any]) -> None:
        """Back to 9 December 2021: the flaw is unknown, and nothing is fixed."""
        what = "9 déc. 2021 · mise en place · setting the stage"
        self.step(what, 0, len(self.inventories))
        withdrawn = json.loads(json.dumps(record))
        withdrawn["cveMetadata"]["state"] = "REJECTED"
        withdrawn["containers"] = {"cna": {"rejectedReasons": [{"lang": "en", "value": "Replay."}]}}
        self._load(withdrawn)
        self.worker.drain()
        for directive in self._open():
            alerts.cancel_directive(_PLAYER, directive_id=directive.pk, reason="Replay")
        for number, body_id in enumerate(self.inventories, start=1):
            self._inventory(body_id, _HELD)
            self.step(what, number, len(self.inventories))
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
        """Lets time pass until this share of the story's, doing the worker's part meanwhile."""
        end = self.began + self.seconds * share
        self.worker.drain()
        while time.monotonic() < end:
            if not self.worker.turn():
                time.sleep(min(0.2, max(0.0, end - time.monotonic())))

    def play(self, record: dict[str, Any], catalogue: Path) -> Outcome:
        self.began = time.monotonic()
        self.say("10 déc. · l’avis arrive · the advisory arrives")
        self._load(record)
        intelligence.load_kev(_PLAYER, catalogue)
        self.wait(_ARRIVED)
        directive = self._directive()
        targets = list(directives.targets(_PLAYER).filter(directive=directive).order_by("pk"))
        self.say(f"{directive.number} · {len(targets)} organismes visés · bodies addressed")
        answering = targets[max(1, len(targets) // 12) :]
        self._acknowledge(answering)
        self._declare(answering)
        liars = {target.pk for target in self.draw.sample(answering, max(1, len(answering) // 8))}
        self._prove(answering, liars)
        states = list(directives.targets(_PLAYER).filter(directive=directive).values_list("state", flat=True))
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
        what = "10–11 déc. · accusés · acknowledgements"
        for target in self._paced(what, targets, _ARRIVED, _ACKNOWLEDGED):
            alerts.acknowledge(_PLAYER, target_id=target.pk, reason="Replay")

    def _declare(self, targets: list[Any]) -> None:
        what = "12–16 déc. · correctifs déclarés · fixes declared"
        for target in self._paced(what, targets, _ACKNOWLEDGED, _DECLARED):
            with suppress(Conflict):  # somebody who watches answered meanwhile
                alerts.declare(_PLAYER, target_id=target.pk, reason="Replay")

    def _prove(self, targets: list[Any], liars: set[int]) -> None:
        what = "17–24 déc. · preuve par l’inventaire · proof"
        for target in self._paced(what, targets, _DECLARED, _PROVED):
            self._inventory(target.body_id, _HELD if target.pk in liars else _FIXED)

    def _paced(self, what: str, targets: list[Any], start: float, end: float) -> Iterator[Any]:
        """Each target in its turn, evenly over a part of the story."""
        self.step(what, 0, len(targets))
        for number, target in enumerate(targets, start=1):
            yield target
            self.step(what, number, len(targets))
            self.wait(start + (end - start) * number / len(targets))


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
