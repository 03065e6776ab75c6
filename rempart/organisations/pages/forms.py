"""Forms: what a person types, checked for shape; the commands decide whether it may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from rempart.kernel.errors import DomainError
from rempart.kernel.forms import DayInput, show_refusal
from rempart.kernel.permissions import ROLE_NAMES
from rempart.organisations import queries

DATE = DayInput()
MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
THRESHOLDS = (
    ("act_now", _("Seulement ce qui exige d’agir maintenant")),
    ("out_of_cycle", _("Aussi ce qui est hors cycle")),
    ("scheduled", _("Aussi ce qui est planifié")),
    ("never", _("Jamais : tout au condensé")),
)
KINDS = (
    ("government", _("Gouvernement")),
    ("cgcd", _("Centre gouvernemental de cyberdéfense (CGCD)")),
    ("cocd", _("Centre opérationnel de cyberdéfense (COCD)")),
    ("body", _("Organisme public")),
    ("unit", _("Unité")),
)
LANGUAGES = (("fr", "Français"), ("en", "English"))


def attempt(form: forms.Form, run: Callable[[], Any]) -> bool:
    """Runs a command when the form is valid; what the command refuses is shown beside its field."""
    if not form.is_valid():
        return False
    try:
        run()
    except DomainError as error:
        show_refusal(form, error)
        return False
    return True


def data(request: HttpRequest) -> Any:
    """What was posted, or None for a form that is shown for the first time."""
    return request.POST if request.method == "POST" else None


class OrganisationForm(forms.Form):
    name_fr = forms.CharField(label=_("Nom en français"), max_length=200)
    name_en = forms.CharField(label=_("Nom en anglais"), max_length=200, required=False)
    sector = forms.CharField(label=_("Secteur"), max_length=60, required=False)
    essential = forms.BooleanField(label=_("Rend des services essentiels"), required=False)


class NewOrganisationForm(OrganisationForm):
    code = forms.CharField(
        label=_("Code"), max_length=40, help_text=_("Lettres minuscules, chiffres, traits d’union.")
    )
    kind = forms.ChoiceField(label=_("Genre"), choices=KINDS[1:])
    parent_code = forms.CharField(label=_("Code de l’organisme dont il relève"), max_length=40)
    field_order = ("code", "kind", "parent_code")


class MoveForm(forms.Form):
    parent_code = forms.CharField(label=_("Code de l’organisme dont il relèvera"), max_length=40)
    on = forms.DateField(label=_("À compter du"), required=False, widget=DATE)


class CloseForm(forms.Form):
    on = forms.DateField(label=_("À compter du"), required=False, widget=DATE)
    reason = forms.CharField(label=_("Motif"), max_length=1000)


class PersonForm(forms.Form):
    name = forms.CharField(label=_("Nom"), max_length=200)
    email = forms.EmailField(label=_("Courriel"))
    phone = forms.CharField(label=_("Téléphone"), max_length=40, required=False)
    language = forms.ChoiceField(label=_("Langue"), choices=LANGUAGES)


class EditPersonForm(PersonForm):
    active = forms.BooleanField(label=_("En fonction (sinon, plus jamais alertée)"), required=False)


class DutyForm(forms.Form):
    """``people`` are those who may hold the duty, or answer in its holder's place."""

    person_id = forms.TypedChoiceField(label=_("Personne"), coerce=int)
    title_code = forms.ChoiceField(label=_("Fonction"))
    deputy_id = forms.TypedChoiceField(label=_("Suppléance"), coerce=int, empty_value=None, required=False)
    starts_on = forms.DateField(label=_("À compter du"), required=False, widget=DATE)
    ends_on = forms.DateField(label=_("Jusqu’au"), required=False, widget=DATE)

    def __init__(self, *args: Any, people: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person_id"].choices = people
        self.fields["deputy_id"].choices = [("", _("Personne")), *people]
        self.fields["title_code"].choices = [(title.code, title.name) for title in queries.duty_titles()]


class OnCallForm(forms.Form):
    person_id = forms.TypedChoiceField(label=_("Personne de garde"), coerce=int)
    deputy_id = forms.TypedChoiceField(label=_("Suppléance"), coerce=int, empty_value=None, required=False)
    starts_at = forms.DateTimeField(label=_("Début"), widget=MOMENT)
    ends_at = forms.DateTimeField(label=_("Fin"), widget=MOMENT)

    def __init__(self, *args: Any, people: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person_id"].choices = people
        self.fields["deputy_id"].choices = [("", _("Personne")), *people]


class TitleForm(forms.Form):
    code = forms.CharField(label=_("Code"), max_length=30)
    name_fr = forms.CharField(label=_("Titre en français"), max_length=200)
    name_en = forms.CharField(label=_("Titre en anglais"), max_length=200)
    receives_alerts = forms.BooleanField(label=_("Reçoit les directives"), required=False)
    rank = forms.IntegerField(
        label=_("Rang"),
        min_value=0,
        max_value=1000,
        initial=100,
        help_text=_("Le plus petit est joint d’abord."),
    )


class ChannelForm(forms.Form):
    """``people``: those of the organisation, whom the channel may reach; None where it is one's own."""

    person_id = forms.TypedChoiceField(label=_("Qui joindre"), coerce=int, empty_value=None, required=False)
    medium = forms.ChoiceField(
        label=_("Moyen"), choices=(("email", _("Courriel")), ("webhook", _("Point d’accès web")))
    )
    address = forms.CharField(label=_("Adresse"), max_length=500)
    immediate_from = forms.ChoiceField(label=_("Message immédiat"), choices=THRESHOLDS)
    digest = forms.BooleanField(label=_("Condensé quotidien du reste"), required=False, initial=True)

    def __init__(self, *args: Any, people: list[tuple[int, str]] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if people is None:
            del self.fields["person_id"]
        else:
            self.fields["person_id"].choices = [("", _("L’organisme lui-même")), *people]


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code reçu"),
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )


class ImportForm(forms.Form):
    file = forms.FileField(
        label=_("Fichier CSV"),
        help_text=_("Colonnes : code, kind, parent, name_fr, name_en, sector, essential."),
    )


class PeopleImportForm(forms.Form):
    file = forms.FileField(
        label=_("Fichier CSV"),
        help_text=_(
            "Colonnes : organisme, nom, courriel, téléphone, langue, en fonction, fonction, suppléance. Une"
            " ligne par fonction."
        ),
    )


class UserForm(forms.Form):
    email = forms.EmailField(label=_("Courriel"))
    name = forms.CharField(label=_("Nom"), max_length=200)
    language = forms.ChoiceField(label=_("Langue"), choices=settings.LANGUAGES)
    invite = forms.BooleanField(
        label=_("Envoyer l’invitation à choisir un mot de passe"), required=False, initial=True
    )


class GrantForm(forms.Form):
    role = forms.ChoiceField(
        label=_("Rôle"), choices=[(role.value, name) for role, name in ROLE_NAMES.items()]
    )
    organisation_code = forms.CharField(label=_("Code de l’organisme"), max_length=40)
    ends_at = forms.DateTimeField(label=_("Jusqu’au"), required=False, widget=MOMENT)


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Motif"), max_length=1000)
