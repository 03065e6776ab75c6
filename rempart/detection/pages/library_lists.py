"""The lists of the library: rules, versions that wait, releases, filters."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from rempart.detection import library_wording as wording
from rempart.detection import queries
from rempart.detection.pages.filters import Rows, technique, whole
from rempart.kernel.actors import Actor
from rempart.kernel.listing import Column, Filter, Listing

_RULE_COLUMNS = (
    Column("title", _("Règle"), ("title",)),
    Column("level", _("Niveau"), ("rank", "title")),
    Column("place", _("Journaux"), ("product", "category", "service")),
    Column("techniques", _("Techniques"), ("techniques",)),
    Column("state", _("État"), ("state",)),
    Column("verdict", _("Verdict"), ("verdict",)),
    Column("cases", _("Cas d’essai"), ("cases",), numeric=True),
    Column("source", _("Source"), ("source__name",)),
    Column("status", _("Maturité"), ("status",), optional=True),
    Column("author", _("Auteur"), ("author",), optional=True),
    Column("changed", _("Changée"), ("changed_at",), optional=True),
)


def _words(rows: Rows, value: str) -> Rows:
    for word in value.split()[:6]:
        rows = rows.filter(Q(title__icontains=word) | Q(key__iexact=word) | Q(author__icontains=word))
    return rows


def _place(rows: Rows, value: str) -> Rows:
    return rows.filter(Q(product=value) | Q(service=value) | Q(category=value))


def _source(rows: Rows, value: str) -> Rows:
    return rows.filter(source=None) if value == "own" else rows.filter(source__name=value)


def _waiting(rows: Rows, value: str) -> Rows:
    return rows.filter(waiting__gt=0) if value == "yes" else rows.filter(waiting=0)


def _cases(rows: Rows, value: str) -> Rows:
    return rows.filter(cases__gt=0) if value == "yes" else rows.filter(cases=0)


def _tuning_words(rows: Rows, value: str) -> Rows:
    """``title`` is that of the reader's own bodies alone: nobody else finds a filter by what it says."""
    return rows.filter(Q(title__icontains=value) | Q(rule__title__icontains=value))


_YES_NO = (("yes", _("oui")), ("no", _("non")))


def rules_listing(actor: Actor) -> Listing:
    """The list of rules, with the log sources and sources that the actor may choose."""
    return Listing(
        "rules",
        _RULE_COLUMNS,
        (
            Filter("q", _("Texte"), _words),
            Filter("level", _("Niveau"), whole("level"), tuple(wording.LEVELS.items())),
            Filter("state", _("État"), whole("state"), tuple(wording.STATES.items())),
            Filter("verdict", _("Verdict"), whole("verdict"), tuple(wording.VERDICTS.items())),
            Filter("product", _("Produit ou service"), _place, folded=True),
            Filter("technique", _("Technique"), technique, folded=True),
            Filter("status", _("Maturité"), whole("status"), tuple(wording.STATUSES.items()), folded=True),
            Filter(
                "source",
                _("Source"),
                _source,
                lambda: [("own", _("écrite ici")), *((s.name, s.name) for s in queries.sources(actor))],
                folded=True,
            ),
            Filter("waiting", _("Version à revoir"), _waiting, _YES_NO, folded=True),
            Filter("cases", _("A des essais"), _cases, _YES_NO, folded=True),
        ),
        "title",
    )


VERSIONS = Listing(
    "rule_versions",
    (
        Column("rule", _("Règle"), ("rule__title", "number")),
        Column("number", _("Version"), ("number",), numeric=True),
        Column("who", _("Proposée par"), ("made_by__name",)),
        Column("made", _("Le"), ("made_at",)),
        Column("verdict", _("Verdict"), ("verdict",)),
        Column("tests", _("Cas d’essai")),
        Column("why", _("Pourquoi")),
    ),
    (
        Filter("q", _("Règle"), lambda rows, value: rows.filter(rule__title__icontains=value)),
        Filter("verdict", _("Verdict"), whole("verdict"), tuple(wording.VERDICTS.items())),
    ),
    "-made",
)

RELEASES = Listing(
    "rule_releases",
    (
        Column("source", _("Source"), ("source__name",)),
        Column("place", _("Version lue"), ("place",)),
        Column("read_at", _("Lue"), ("read_at",)),
        Column("read", _("Règles"), numeric=True),
        Column("changes", _("Ce qui a changé")),
        Column("who", _("Par"), ("read_by__name",)),
    ),
    (Filter("q", _("Source"), lambda rows, value: rows.filter(source__name__icontains=value)),),
    "-read_at",
)

TUNINGS = Listing(
    "rule_tunings",
    (
        Column("title", _("Filtre"), ("title",)),
        Column("body", _("Organisme"), ("body__name_fr",)),
        Column("rule", _("Règle"), ("rule__title",)),
        Column("category", _("Raison"), ("category",)),
        Column("state", _("État"), ("state",)),
        Column("until", _("Jusqu’au"), ("expires_at",)),
        Column("made", _("Proposé"), ("made_at",)),
    ),
    (
        Filter("q", _("Texte"), _tuning_words),
        Filter("state", _("État"), whole("state"), tuple(wording.TUNING_STATES.items())),
        Filter("category", _("Raison"), whole("category"), tuple(wording.TUNING_CATEGORIES.items())),
        Filter("body", _("Organisme"), whole("body__code"), folded=True),
    ),
    "-made",
)
