"""The forms of assets and inventories."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from rempart.assets import queries, words
from rempart.kernel.actors import Actor


class AssetForm(forms.Form):
    """What an asset is."""

    name_fr = forms.CharField(label=_("Nom"), max_length=300)
    name_en = forms.CharField(label=_("Nom anglais"), max_length=300, required=False)
    kind = forms.ChoiceField(label=_("Genre d’actif"), choices=list(words.KINDS.items()))
    description = forms.CharField(
        label=_("Description"), max_length=10_000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    owner_id = forms.TypedChoiceField(label=_("Détenteur"), required=False, coerce=int, empty_value=None)
    location_id = forms.TypedChoiceField(label=_("Emplacement"), required=False, coerce=int, empty_value=None)
    network_exposure = forms.ChoiceField(label=_("Exposition réseau"), choices=list(words.EXPOSURES.items()))
    environment = forms.CharField(
        label=_("Environnement"), max_length=30, required=False, initial="production"
    )
    essential = forms.BooleanField(label=_("Service public essentiel"), required=False)
    rto_hours = forms.IntegerField(
        label=_("Délai de reprise (heures)"), required=False, min_value=0, max_value=87_600
    )
    rpo_hours = forms.IntegerField(
        label=_("Perte de données admise (heures)"), required=False, min_value=0, max_value=87_600
    )

    def __init__(self, actor: Actor, body_id: int, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        people = queries.owners(body_id).values_list("id", "name")
        places = queries.locations(actor).filter(body_id=body_id).values_list("id", "name_fr")
        self.fields["owner_id"].choices = [("", "–"), *people]  # type: ignore[attr-defined]
        self.fields["location_id"].choices = [("", "–"), *places]  # type: ignore[attr-defined]


class NewAssetForm(AssetForm):
    """An asset added by hand; its identifier is the body's own."""

    key = forms.CharField(label=_("Identifiant"), max_length=200)
    field_order: ClassVar = ["key"]


_LEVELS = [(level, words.LEVELS[level]) for level in range(1, 5)]


class CategoryForm(forms.Form):
    """An asset's levels, with their justification."""

    availability = forms.TypedChoiceField(label=_("Disponibilité"), choices=_LEVELS, coerce=int)
    integrity = forms.TypedChoiceField(label=_("Intégrité"), choices=_LEVELS, coerce=int)
    confidentiality = forms.TypedChoiceField(label=_("Confidentialité"), choices=_LEVELS, coerce=int)
    own_criticality = forms.TypedChoiceField(
        label=_("Criticité propre"),
        choices=[(0, _("aucune : héritée de ce qui en dépend")), *_LEVELS],
        coerce=int,
        help_text=_(
            "Ce que l’arrêt de cet actif coûterait par lui-même. Elle passe à tout ce dont il dépend."
        ),
    )
    reason = forms.CharField(
        label=_("Justification"), max_length=4_000, widget=forms.Textarea(attrs={"rows": 4})
    )


class LocationForm(forms.Form):
    """A site or a cloud region."""

    body_id = forms.TypedChoiceField(label=_("Organisme"), coerce=int)
    code = forms.CharField(label=_("Code"), max_length=60)
    name_fr = forms.CharField(label=_("Nom"), max_length=200)
    name_en = forms.CharField(label=_("Nom anglais"), max_length=200, required=False)
    region = forms.CharField(label=_("Région"), max_length=100, required=False)
    cloud_provider = forms.CharField(label=_("Fournisseur infonuagique"), max_length=60, required=False)
    cloud_region = forms.CharField(label=_("Région infonuagique"), max_length=60, required=False)
    jurisdiction = forms.CharField(label=_("Territoire"), max_length=60, initial="QC-CA")

    def __init__(self, actor: Actor, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["body_id"].choices = list(  # type: ignore[attr-defined]
            queries.writable_bodies(actor).values_list("id", "name_fr")
        )


class ImportForm(forms.Form):
    """An inventory's file, and what it is."""

    body_id = forms.TypedChoiceField(label=_("Organisme"), coerce=int)
    file = forms.FileField(
        label=_("Fichier"),
        help_text=_(
            "CSV, XLSX, CycloneDX, SPDX ou l’export d’un outil (osquery, "
            "nmap, Trivy, Grype, Nuclei, winget, registre de Windows, dpkg, rpm, apk, pip) ; 256 Mo au plus."
        ),
        allow_empty_file=True,
    )
    source = forms.CharField(
        label=_("Source"),
        max_length=60,
        required=False,
        help_text=_(
            "Le nom de cet inventaire, toujours le même : ce qu’il ne montre plus a disparu. "
            "« cmdb » pour un tableau, « sbom: » et l’actif pour une nomenclature, si vous ne dites rien."
        ),
    )
    asset_key = forms.CharField(
        label=_("Actif décrit"),
        max_length=200,
        required=False,
        help_text=_("L’identifiant de l’actif, quand le fichier n’en décrit qu’un."),
    )
    partial = forms.BooleanField(
        label=_("Ce fichier ne liste pas tout : ne rien faire disparaître"), required=False
    )

    def __init__(self, actor: Actor, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["body_id"].choices = list(  # type: ignore[attr-defined]
            queries.writable_bodies(actor).values_list("id", "name_fr")
        )
