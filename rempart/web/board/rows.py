"""The rows behind the board's counts of bodies and of services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from rempart.alerts import queries as alerts
from rempart.exposure import queries as exposure
from rempart.exposure.queries import ExposedService
from rempart.kernel.actors import Actor
from rempart.kernel.text import in_language
from rempart.kernel.time import now
from rempart.organisations import queries as organisations

_WAITING = ("sent", "delivered")
_OPEN = (*_WAITING, "acknowledged", "in_progress", "declared")

REASONS: dict[str, Any] = {
    "act_now": _("Exposés, agir maintenant"),
    "unacknowledged": _("Sans accusé de réception"),
    "late": _("En retard"),
}


@dataclass(frozen=True, slots=True)
class BodyRow:
    """A body, how many rows make it counted, and the list that shows them."""

    code: str
    name: str
    centre: str
    count: int
    list_name: str
    query: str

    @property
    def pk(self) -> str:
        return self.code


def bodies(actor: Actor, why: str) -> list[BodyRow]:
    """The bodies counted for a reason (a key of ``REASONS``), those with the most rows first."""
    if why == "act_now":
        counts, name = exposure.act_now(actor), "exposure_list"
        query = "state=open&certainty=affected&priority=act_now"
    else:
        late = why == "late"
        wanted = Q(state__in=_OPEN, due_at__lt=now()) if late else Q(state__in=_WAITING)
        grouped = alerts.targets(actor).filter(wanted).order_by().values_list("body_id")
        counts, name = dict(grouped.annotate(n=Count("id"))), "target_list"
        query = "late=yes" if late else "unacknowledged=yes"
    places = organisations.organisations(actor).in_bulk(list(counts))
    rows = [
        BodyRow(
            places[key].code,
            places[key].name,
            places[key].parent.name if places[key].parent else "",
            count,
            name,
            f"{query}&body={places[key].code}",
        )
        for key, count in counts.items()
        if key in places
    ]
    return sorted(rows, key=lambda row: (-row.count, row.code))


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A public service within reach of an open exposure."""

    service: ExposedService
    name: str
    body_code: str
    body: str


def services(actor: Actor) -> list[ServiceRow]:
    """The services counted by the board, the essential first."""
    found = exposure.exposed_services(None, actor)
    places = organisations.organisations(actor).in_bulk({one.body_id for one in found})
    return [
        ServiceRow(
            one,
            in_language(one.name_fr, one.name_en),
            places[one.body_id].code if one.body_id in places else "",
            places[one.body_id].name if one.body_id in places else "",
        )
        for one in found
    ]
