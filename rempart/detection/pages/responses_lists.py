"""The lists of responses and of what they did."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from rempart.detection import responses_wording as wording
from rempart.detection.pages.detections_lists import age_filter
from rempart.detection.pages.filters import Rows, among
from rempart.kernel.exports import Cell
from rempart.kernel.listing import Column, Filter, Listing

RESPONSES = Listing(
    "responses",
    (
        Column("name", _("Réponse"), ("name",)),
        Column("kind", _("Ce qu’elle fait"), ("kind",)),
        Column("mode", _("Mode"), ("mode",)),
        Column("level", _("À partir de"), ("-level", "name")),
        Column("acted", _("Faites"), ("acted",), numeric=True),
        Column("waiting", _("Retenues ou en échec"), ("waiting",), numeric=True),
        Column("last", _("Dernière"), ("last_at",)),
        Column("body", _("Organisme"), ("body__code",), optional=True),
    ),
    (
        Filter("mode", _("Mode"), among("mode", wording.MODES), tuple(wording.MODES.items())),
        Filter("kind", _("Ce qu’elle fait"), among("kind", wording.KINDS), tuple(wording.KINDS.items())),
    ),
    "name",
)


ACTIONS = Listing(
    "response_actions",
    (
        Column("at", _("Quand"), ("at",)),
        Column("response", _("Réponse"), ("response__name",)),
        Column("subject", _("Sur quoi"), ("subject",)),
        Column("state", _("Résultat"), ("state",)),
        Column("answer", _("Réponse du destinataire"), ("answer",)),
        Column("detection", _("Détection"), ("detection__rule_title",)),
        Column("done", _("Faite"), ("done_at",), optional=True),
        Column("undone", pgettext_lazy("response", "Annulée"), ("undone_at",), optional=True),
        Column("body", _("Organisme"), ("body__code",), optional=True),
    ),
    (
        Filter("state", _("Résultat"), among("state", wording.STATES), tuple(wording.STATES.items())),
        Filter(
            "kind", _("Ce qu’elle fait"), among("response__kind", wording.KINDS),
            tuple(wording.KINDS.items()),
        ),
        age_filter("at"),
    ),
    "-at",
)  # fmt: skip


def action_cells(rows: Rows) -> Iterator[list[Cell]]:
    for one in rows.iterator(chunk_size=1000):
        wording.dress_action(one)
        yield [
            one.at,
            one.response.name,
            one.subject,
            str(one.state_words),
            str(one.answer_words),
            one.detection.rule_title,
            one.done_at,
            one.undone_at,
            one.body.name,
        ]
