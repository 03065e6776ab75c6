"""The forms of the library of rules."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from rempart.detection import library_wording as wording
from rempart.detection import queries
from rempart.kernel.actors import Actor
from rempart.kernel.forms import DayInput
from rempart.kernel.markings import Marking
from rempart.kernel.permissions import Permission
from rempart.kernel.time import today

_TEXT = forms.Textarea(attrs={"rows": 24, "spellcheck": "false", "wrap": "off"})
_SHORT = forms.Textarea(attrs={"rows": 3})


_ALL = "all"


def body_number(value: str) -> int | None:
    """The number of the body that was chosen; None for all."""
    return None if value == _ALL else int(value)


def owners(actor: Actor, permission: Permission) -> list[tuple[Any, Any]]:
    """Whose rule it may be: the bodies where the actor holds the right, being of their own people, and all of
    them when the right is held everywhere.
    """
    own = dict(queries.writable_bodies(actor, Permission.TELEMETRY_READ))
    bodies: list[tuple[Any, Any]] = [
        each for each in queries.writable_bodies(actor, permission) if each[0] in own
    ]
    return [(_ALL, _("Tout le gouvernement")), *bodies] if actor.scope(permission).everything else bodies


class TextForm(forms.Form):
    """A rule's text, and why it is proposed."""

    text = forms.CharField(
        label=_("Texte de la règle (Sigma, YAML)"), max_length=200_000, widget=_TEXT, strip=False
    )
    why = forms.CharField(label=_("Pourquoi"), max_length=4_000, widget=_SHORT)


class NewRuleForm(TextForm):
    """A rule of a body, or of all."""

    body_id = forms.TypedChoiceField(
        label=_("Pour"), coerce=body_number,
        help_text=_(
            "La règle d’un organisme y reste, avec ses essais : les centres en lisent le titre,"
            " l’identifiant, le niveau, les journaux et les techniques."
        ),
    )  # fmt: skip
    field_order = ("body_id",)

    def __init__(self, actor: Actor, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["body_id"].choices = owners(actor, Permission.DETECTION_WRITE)  # type: ignore[attr-defined]


class CaseForm(forms.Form):
    """Events that a rule must match, or must not."""

    name = forms.CharField(label=_("Nom de l’essai"), max_length=200)
    least = forms.IntegerField(
        label=_("Détections attendues, au moins"), min_value=0, max_value=1_000_000, initial=1,
        help_text=_("0 : ces événements ne doivent jamais être détectés."),
    )  # fmt: skip
    events = forms.CharField(
        label=_("Événements (JSON, un par ligne)"), max_length=2_000_000, required=False, widget=_TEXT
    )
    file = forms.FileField(label=_("Ou un journal enregistré (EVTX, JSON, syslog…)"), required=False)


class ReasonForm(forms.Form):
    """Why something is done."""

    why = forms.CharField(label=_("Pourquoi"), max_length=4_000, widget=_SHORT)


class ReviewForm(forms.Form):
    """The note of who reviews."""

    note = forms.CharField(label=_("Note"), max_length=4_000, widget=_SHORT, required=False)


class TuningForm(forms.Form):
    """A body's filter."""

    body_id = forms.TypedChoiceField(label=_("Organisme"), coerce=int, empty_value=None)
    text = forms.CharField(
        label=_("Filtre (Sigma, YAML)"), max_length=200_000, widget=_TEXT, strip=False,
        help_text=_("Ce qu’il dit reste dans l’organisme : les centres n’en voient que la forme."),
    )  # fmt: skip
    category = forms.ChoiceField(label=_("Sorte de raison, que les centres lisent"))
    reason = forms.CharField(label=_("Pourquoi, pour l’organisme seul"), max_length=4_000, widget=_SHORT)
    until = forms.DateField(
        label=_("Jusqu’au (dernier jour compris)"), widget=DayInput(),
        initial=lambda: today() + timedelta(days=90),
    )  # fmt: skip

    def __init__(self, actor: Actor, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        bodies = queries.writable_bodies(actor, Permission.TELEMETRY_TRIAGE)
        self.fields["body_id"].choices = bodies  # type: ignore[attr-defined]
        self.fields["category"].choices = list(wording.TUNING_CATEGORIES.items())  # type: ignore[attr-defined]

    @property
    def expires_at(self) -> datetime:
        """The end of the last day."""
        return timezone.make_aware(datetime.combine(self.cleaned_data["until"], time(23, 59, 59)))


class ReleaseForm(forms.Form):
    """A release of rules to read."""

    body_id = forms.TypedChoiceField(label=_("Pour"), coerce=body_number)
    file = forms.FileField(
        label=_("Archive zip des règles (par exemple une version de SigmaHQ)"), required=False
    )
    address = forms.URLField(
        label=_("Ou l’adresse d’une archive"), max_length=500, required=False, assume_scheme="https"
    )
    source = forms.SlugField(
        label=_("Nom de la source"), max_length=60, required=False,
        help_text=_("Le même d’une version à l’autre : sigmahq, par exemple."),
    )  # fmt: skip
    licence = forms.CharField(label=_("Licence"), max_length=200, required=False)
    marking = forms.ChoiceField(label=_("Marque"), choices=Marking.choices, initial=Marking.CLEAR)
    retire_many = forms.BooleanField(
        label=_("Retirer les règles absentes, même si elles sont la plupart"), required=False
    )

    def __init__(self, actor: Actor, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["body_id"].choices = owners(actor, Permission.DETECTION_REVIEW)  # type: ignore[attr-defined]
