"""The whole loop with workers that die: no body is missed, none is told twice. And many processes at once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.mailbox import Mailbox, free_port
from tests.own_database import ROOT, environment, own_database
from tests.server import Platform, eventually

DATA = ROOT.parent / "shared" / "data"

pytestmark = [
    pytest.mark.skipif(not DATA.exists(), reason="the public data is not beside the repository"),
]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[str]:
    with own_database(tmp_path) as address:
        yield address


def _under_fire(tmp_path: Path, database: str, kills: int, bodies: int) -> None:
    with Mailbox() as mailbox:
        arguments = [kills, bodies, 20211210, mailbox.port, tmp_path, DATA]
        finished = subprocess.run(
            [sys.executable, "-c", "import tests.loop_under_fire as f; f.main()", *map(str, arguments)],
            env={**environment(database, tmp_path), "REMPART_LEASE_SECONDS": "1"},
            cwd=ROOT, capture_output=True, text=True, timeout=580, check=False,
        )  # fmt: skip
        assert finished.returncode == 0, finished.stderr[-4000:]
        report = json.loads(finished.stdout.splitlines()[-1])
    assert report["failures"] == []
    assert report["told"] == report["bodies"]  # nobody missed
    assert report["most_told"] == 1  # nobody twice
    assert report["directives"] == 1
    assert report["states_before"] == {"delivered": bodies}
    assert Counter(map(tuple, report["deliveries"])) == {("issued", "sent"): bodies}
    assert report["states"] == {"verified": bodies}
    assert report["jobs"] == ["SUCCESSFUL"]
    assert (report["parked"], report["undispatched"], report["breaks"]) == (0, 0, [])
    _the_wire(mailbox, report, kills)


def _the_wire(mailbox: Mailbox, report: dict[str, Any], kills: int) -> None:
    """What the mail server received. A worker killed between the server's "250" and its own note sends the
    message again under the same Message-ID, by which mail stores know it: at most one for each worker killed.
    """
    received = Counter(str(message["Message-ID"]) for message in mailbox.messages)
    assert sorted(received) == report["message_ids"]
    assert sum(received.values()) - len(received) <= 2 * kills


def test_the_loop_survives_six_kills(tmp_path: Path, database: str) -> None:
    _under_fire(tmp_path, database, 6, 12)


@pytest.mark.full
def test_the_loop_survives_fifty_kills(tmp_path: Path, database: str) -> None:
    _under_fire(tmp_path, database, 50, 60)


_MAKE = """
import json
from rempart.kernel import tokens
from rempart.kernel.actors import actor_for, system
from rempart.kernel.permissions import Permission as P
from rempart.intelligence import commands as intelligence
from tests import factories
import sys
from pathlib import Path
made = []
for _ in range(6):
    body = factories.organisation("body")
    person = factories.officer(body)
    rights = [P.ASSET_WRITE, P.ASSET_READ, P.EXPOSURE_READ, P.ALERT_READ]
    token, secret = tokens.create_token(actor_for(person.user), name="essai", permissions=rights, days=1)
    made.append((body.code, secret, person.email))
intelligence.load_cve(system("test"), Path(sys.argv[1]) / "cve" / "log4shell.jsonl")
intelligence.load_kev(system("test"), Path(sys.argv[1]) / "kev" / "known_exploited_vulnerabilities.json")
print(json.dumps(made))
"""


def _inventory(code: str, version: str) -> dict[str, Any]:
    purl = f"pkg:maven/org.apache.logging.log4j/log4j-core@{version}"
    asset = {"network_exposure": "internet", "criticality": 4, "components": [{"purl": purl}]}
    rows = [{"key": f"srv-{number}", "name": f"Serveur {number}", **asset} for number in range(20)]
    return {"body": code, "source": "agent", "complete": True, "assets": rows}


def test_web_and_three_workers_share_one_database(tmp_path: Path, database: str) -> None:
    with (
        Mailbox() as mailbox,
        Platform(tmp_path, free_port(), mail_port=mailbox.port, database=database) as p,
    ):
        p.cli("init")
        made = json.loads(p.python(_MAKE, str(DATA)).splitlines()[-1])
        p.serve(workers=2)

        def body_at_work(one: tuple[str, str, str]) -> list[int]:
            code, secret, _ = one
            statuses = []
            with httpx.Client(
                base_url=p.address, headers={"Authorization": f"Bearer {secret}"}, timeout=60
            ) as api:
                for version in ("2.14.1", "2.14.0", "2.14.1"):
                    sent = api.post("/api/v1/assets/inventory", json=_inventory(code, version))
                    statuses.append(sent.status_code)
                    statuses += [api.get(f"/api/v1/assets/?page={page}").status_code for page in (1, 2)]
            return statuses

        with ThreadPoolExecutor(len(made)) as pool:
            answers = [status for statuses in pool.map(body_at_work, made) for status in statuses]
        assert set(answers) == {200}, p.logs()
        eventually(lambda: {to for tos in mailbox.recipients for to in tos} == {each[2] for each in made})
        assert Counter(to for tos in mailbox.recipients for to in tos) == {each[2]: 1 for each in made}
        assert "database is locked" not in p.logs()
