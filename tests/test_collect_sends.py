"""``rempart collect --send``: from a machine to the node of its body, with the body's token."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.mailbox import free_port
from tests.server import Platform

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
import json
from rempart.assets.models import Install
present = Install.objects.filter(removed_at__isnull=True).select_related("asset", "component")
print(json.dumps(sorted([one.asset.key, one.component.product, one.component.version] for one in present)))
"""
_STATUS = "Package: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: {}\n"


def test_a_machine_sends_what_it_holds_to_its_body(tmp_path: Path) -> None:
    status = tmp_path / "root" / "var" / "lib" / "dpkg" / "status"
    status.parent.mkdir(parents=True)
    with Platform(tmp_path, free_port()) as node:
        node.cli("init")
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

        def send(version: str, token: str) -> str:
            status.write_text(_STATUS.format(version), encoding="utf-8")
            node.environment["REMPART_TOKEN"] = token
            return node.cli("collect", *arguments, "--json")

        assert json.loads(send("7.88.1-10+deb12u4", secret))["import"]["state"] == "applied"
        assert json.loads(node.python(_SHOW)) == [["srv-1", "curl", "7.88.1-10+deb12u4"]]
        send("7.88.1-10+deb12u5", secret)
        assert json.loads(node.python(_SHOW)) == [["srv-1", "curl", "7.88.1-10+deb12u5"]]
        with pytest.raises(AssertionError, match="403"):
            send("9", reader)
