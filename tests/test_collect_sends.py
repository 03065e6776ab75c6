"""``rempart collect --send``: from a machine to the node of its body, with the body's token."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.mailbox import free_port
from tests.server import Platform

pytestmark = pytest.mark.any_database

_MAKE = """
import json
from rempart.kernel import tokens
from rempart.kernel.actors import actor_for
from rempart.kernel.permissions import Permission as P
from tests import factories
body = factories.organisation("body")
person = factories.officer(body)
actor = actor_for(person.user)
_, secret = tokens.create_token(actor, name="relevé", permissions=[P.ASSET_WRITE, P.ASSET_READ], days=1)
_, reader = tokens.create_token(actor, name="lecture", permissions=[P.ASSET_READ], days=1)
print(json.dumps([body.code, secret, reader]))
"""
_SHOW = """
SELECT asset.key, component.product, component.version FROM assets_install AS held
JOIN assets_asset AS asset ON asset.id = held.asset_id
JOIN assets_component AS component ON component.id = held.component_id WHERE held.removed_at IS NULL
"""
_STATUS = "Package: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: {}\n"


def test_a_machine_sends_what_it_holds_to_its_body(tmp_path: Path) -> None:
    status = tmp_path / "root" / "var" / "lib" / "dpkg" / "status"
    status.parent.mkdir(parents=True)
    with Platform(tmp_path, free_port()) as node:
        node.cli("init")
        assert (node.var / "rempart.sqlite3").stat().st_mode & 0o077 == 0
        code, secret, reader = json.loads(node.python(_MAKE).splitlines()[-1])
        node.serve()
        arguments = (
            "--root",
            str(tmp_path / "root"),
            "--asset",
            "srv-1",
            "--send",
            node.address,
            "--body",
            code,
        )

        def present() -> list[Any]:
            with closing(sqlite3.connect(node.var / "rempart.sqlite3")) as database:
                return database.execute(_SHOW).fetchall()

        def send(version: str, token: str) -> str:
            status.write_text(_STATUS.format(version), encoding="utf-8")
            node.environment["REMPART_TOKEN"] = token
            return node.cli("collect", *arguments, "--json")

        assert json.loads(send("7.88.1-10+deb12u4", secret))["import"]["state"] == "applied"
        assert present() == [("srv-1", "curl", "7.88.1-10+deb12u4")]
        send("7.88.1-10+deb12u5", secret)
        assert present() == [("srv-1", "curl", "7.88.1-10+deb12u5")]
        with pytest.raises(AssertionError, match="403"):
            send("9", reader)
