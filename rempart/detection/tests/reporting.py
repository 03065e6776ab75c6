"""Detections as nodes give them, and the people of a body who read them."""

from __future__ import annotations

import hashlib
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from rempart.detection.commands.detections import Reported, record_detections
from rempart.detection.models import Detection, Level
from rempart.kernel import tokens
from rempart.kernel.actors import Actor, system
from rempart.kernel.permissions import Permission, Role
from tests import factories

AT = datetime(2026, 11, 20, 10, 5, tzinfo=UTC)
_numbers = itertools.count(1)


def part(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def reported(**fields: Any) -> Reported:
    """A part of a detection, another each time unless its ``key`` is given."""
    values: dict[str, Any] = {
        "key": part(next(_numbers)),
        "kind": "sigma",
        "rule_id": "11111111-1111-4111-8111-111111111111",
        "rule_title": "Service stopped",
        "level": Level.HIGH,
        "count": 1,
        "techniques": ("T1489",),
        "first_at": AT,
        "last_at": AT + timedelta(minutes=1),
        "host": "PC1.exemple.test",
        "user": "EXEMPLE\\alice",
        "source": "Security.evtx",
        "matched": [
            {"field": "CommandLine", "value": "sc stop mpssvc", "pattern": "* stop *", "search": "selection"}
        ],
        "sample": {"Image": "C:\\Windows\\sc.exe", "CommandLine": "sc stop mpssvc"},
    }
    return Reported(**values | fields)


def document(**fields: Any) -> dict[str, Any]:
    """The same as the API takes it."""
    one = reported(**fields)
    return {
        **{
            name: getattr(one, name)
            for name in ("key", "kind", "rule_id", "rule_title", "rule_digest", "count")
        },
        **{name: getattr(one, name) for name in ("host", "user", "source", "matched", "sample")},
        "level": one.level.name.lower(),
        "techniques": list(one.techniques),
        "first_at": one.first_at.isoformat() if one.first_at else None,
        "last_at": one.last_at.isoformat() if one.last_at else None,
    }


def detect(body: Any, **fields: Any) -> Detection:
    """A detection of the body, recorded as a node's."""
    one = reported(**fields)
    record_detections(system("tests"), body_id=body.pk, reported=[one])
    return Detection.objects.get(body=body, key=one.group)


def officer(body: Any) -> Actor:
    return factories.actor(Role.BODY_OFFICER, body)


def token_of(body: Any, *permissions: Permission) -> str:
    """The secret of a token of the body's officer, for these rights alone."""
    given = list(permissions) or [Permission.SIGHTING_SEND]
    return tokens.create_token(officer(body), name="nœud", permissions=given, days=30)[1]
