"""The escalation ladder, the office hours and the closed days as one form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from rempart.alerts import wording
from rempart.alerts.commands.ladder import MAX_MINUTES
from rempart.kernel.errors import DomainError
from rempart.kernel.forms import DayInput
from rempart.organisations.office import MAX_CLOSED_DAYS, MAX_NAME, WEEKDAYS

CLIMBED = ("deputy", "cocd", "cgcd")  # the officer is told when the directive is sent
_UNITS = (("minutes", _("minutes")), ("hours", _("heures")))
_SPARE = 3  # empty lines for more closed days
_CLOSED = re.compile(r"closed\.(\d{1,3})\.(?:day|name_fr|name_en)")
DAYS: dict[str, Any] = {
    "monday": _("Lundi"),
    "tuesday": _("Mardi"),
    "wednesday": _("Mercredi"),
    "thursday": _("Jeudi"),
    "friday": _("Vendredi"),
    "saturday": _("Samedi"),
    "sunday": _("Dimanche"),
}
# Those of Québec's territory and of its neighbours; the API takes any zone.
_ZONES = (
    "America/Toronto", "America/Halifax", "America/Blanc-Sablon", "America/Iqaluit", "America/Moncton",
    "America/St_Johns", "America/Winnipeg", "America/Regina", "America/Edmonton", "America/Vancouver", "UTC",
)  # fmt: skip


def _named(field: forms.Field, label: Any) -> forms.Field:
    """A field of a table: its label is read, not shown."""
    field.label = label
    field.widget.attrs["aria-label"] = label
    return field


class LadderForm(forms.Form):
    """``initial`` and ``document()`` are a ladder's document, as the API has it."""

    version = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    statutory_holidays = forms.BooleanField(
        label=_("Les jours fériés du Québec sont des jours fermés"), required=False
    )
    reason = forms.CharField(
        label=_("Raison du changement"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, data: Mapping[str, Any] | None, document: Mapping[str, Any], version: str) -> None:
        super().__init__(data, initial={**_initial(document), "version": version})
        zones = dict.fromkeys((*_ZONES, document["time_zone"]))
        self.fields["time_zone"] = forms.ChoiceField(
            label=_("Fuseau horaire"), choices=[(zone, zone) for zone in zones]
        )
        for priority, words in wording.PRIORITIES.items():
            for rung in CLIMBED:
                self._add_step(f"{priority}.{rung}", format_lazy("{}, {}", words, wording.RUNGS[rung]))
        for day, name in DAYS.items():
            for side, side_words in (("opens", _("ouverture")), ("closes", _("fermeture"))):
                clock = forms.TimeField(
                    required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
                )
                self.fields[f"hours.{day}.{side}"] = _named(clock, format_lazy("{}, {}", name, side_words))
        given = (int(found[1]) + 1 for name in data or () if (found := _CLOSED.fullmatch(name)))
        most = max([len(document["closed_days"]) + _SPARE, *given])
        self.closed_lines = min(most, MAX_CLOSED_DAYS)
        for number in range(self.closed_lines):
            self._add_closed_day(f"closed.{number}")

    def _add_step(self, name: str, label: Any) -> None:
        amount = forms.IntegerField(
            required=False,
            min_value=1,
            max_value=MAX_MINUTES,
            widget=forms.NumberInput(attrs={"placeholder": "–"}),
        )
        self.fields[f"{name}.amount"] = _named(amount, format_lazy("{}, {}", label, _("délai")))
        unit = forms.ChoiceField(choices=_UNITS)
        self.fields[f"{name}.unit"] = _named(unit, format_lazy("{}, {}", label, _("unité")))
        business = forms.BooleanField(required=False)
        self.fields[f"{name}.business"] = _named(
            business, format_lazy("{}, {}", label, _("heures ouvrables"))
        )

    def _add_closed_day(self, name: str) -> None:
        self.fields[f"{name}.day"] = _named(forms.DateField(required=False, widget=DayInput), _("Jour fermé"))
        for language, words in (("fr", _("Nom, en français")), ("en", _("Nom, en anglais"))):
            field = forms.CharField(required=False, max_length=MAX_NAME)
            self.fields[f"{name}.name_{language}"] = _named(field, words)

    def ladders(self) -> list[dict[str, Any]]:
        """For each priority, its lines."""
        return [
            {
                "priority": priority,
                "label": label,
                "lines": [
                    self._cells(wording.RUNGS[rung], f"{priority}.{rung}", ("amount", "unit", "business"))
                    for rung in CLIMBED
                ],
            }
            for priority, label in wording.PRIORITIES.items()
        ]

    def hours(self) -> list[dict[str, Any]]:
        """For each day of the week, its two times."""
        return [self._cells(name, f"hours.{day}", ("opens", "closes")) for day, name in DAYS.items()]

    def closed_days(self) -> list[dict[str, Any]]:
        return [
            self._cells("", f"closed.{number}", ("day", "name_fr", "name_en"))
            for number in range(self.closed_lines)
        ]

    def _cells(self, label: Any, name: str, parts: tuple[str, ...]) -> dict[str, Any]:
        cells = {part: self[f"{name}.{part}"] for part in parts}
        return {"label": label, "errors": [e for cell in cells.values() for e in cell.errors], **cells}

    def document(self) -> dict[str, Any]:
        """What was typed, once valid: a line without a delay is a rung that is not told."""
        values = self.cleaned_data
        return {
            "ladders": {priority: self._steps(priority) for priority in wording.PRIORITIES},
            "time_zone": values["time_zone"],
            "statutory_holidays": values["statutory_holidays"],
            "hours": {day: self._hours(day) for day in WEEKDAYS},
            "closed_days": [
                {name: values[f"closed.{number}.{name}"] for name in ("day", "name_fr", "name_en")}
                for number in self._typed_lines()
            ],
        }

    def _steps(self, priority: str) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = [{"rung": "officer", "minutes": 0, "business": False}]
        for rung in CLIMBED:
            name = f"{priority}.{rung}"
            amount = self.cleaned_data[f"{name}.amount"]
            if amount is not None:
                by = 60 if self.cleaned_data[f"{name}.unit"] == "hours" else 1
                business = self.cleaned_data[f"{name}.business"]
                steps.append({"rung": rung, "minutes": amount * by, "business": business})
        return steps

    def _hours(self, day: str) -> list[str] | None:
        pair = [self.cleaned_data[f"hours.{day}.{side}"] for side in ("opens", "closes")]
        return [f"{at:%H:%M}" if at else "" for at in pair] if any(at is not None for at in pair) else None

    def _typed_lines(self) -> list[int]:
        names = ("day", "name_fr", "name_en")
        lines = range(self.closed_lines)
        return [n for n in lines if any(self.cleaned_data[f"closed.{n}.{name}"] for name in names)]

    def show_refusal(self, error: DomainError) -> None:
        """Shows what the command refused beside what it is about."""
        name = error.field or ""
        if (found := re.fullmatch(r"closed_days\.(\d+)", name)) is not None:
            name = f"closed.{self._typed_lines()[int(found[1])]}.day"
        elif name.startswith("ladders."):
            name = f"{name.removeprefix('ladders.')}.amount"
        elif name.startswith("hours."):
            name = f"{name}.opens"
        elif name == "hours":
            name = f"hours.{WEEKDAYS[0]}.opens"
        self.add_error(name if name in self.fields else None, str(error.message))


def _initial(document: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: document[name] for name in ("time_zone", "statutory_holidays")}
    for priority, steps in document["ladders"].items():
        for step in steps:
            name, minutes = f"{priority}.{step['rung']}", step["minutes"]
            whole = minutes > 0 and minutes % 60 == 0
            values[f"{name}.amount"] = minutes // 60 if whole else minutes
            values[f"{name}.unit"] = "hours" if whole else "minutes"
            values[f"{name}.business"] = step["business"]
        if steps:
            # A rung that is not told yet would follow those below it, which count as they do.
            told = {step["rung"] for step in steps}
            for rung in CLIMBED:
                if rung not in told:
                    values[f"{priority}.{rung}.unit"] = "hours"
                    values[f"{priority}.{rung}.business"] = steps[-1]["business"]
    for day, pair in document["hours"].items():
        values[f"hours.{day}.opens"], values[f"hours.{day}.closes"] = pair or ("", "")
    for number, each in enumerate(document["closed_days"]):
        for name in ("day", "name_fr", "name_en"):
            values[f"closed.{number}.{name}"] = each[name]
    return values


def delay(minutes: int, business: bool) -> str:
    """A delay in words."""
    if minutes == 0:
        return str(_("aussitôt"))
    amount = f"{minutes // 60}\u00a0h" if minutes % 60 == 0 else f"{minutes}\u00a0min"
    if minutes > 60 and minutes % 60:
        amount = f"{minutes // 60}\u00a0h\u00a0{minutes % 60:02d}"
    return str(pgettext_lazy("delay", "%(amount)s ouvrables") % {"amount": amount}) if business else amount
