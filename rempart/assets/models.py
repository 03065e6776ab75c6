"""Public services, systems and assets, the software installed on them, and what depends on what."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q

from rempart.assets.folding import folded
from rempart.assets.words import EXPOSURES, KINDS
from rempart.kernel.scoping import BodyOwned
from rempart.kernel.text import Bilingual


class FoldedText(models.TextField):
    """Other fields of the row as search compares them, kept at each save (``QuerySet.update`` excepted)."""

    def __init__(self, *fields: str, **options: Any) -> None:
        super().__init__(**{"blank": True, "editable": False, "default": "", "db_default": "", **options})
        self.fields = fields

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, arguments, options = super().deconstruct()
        return name, path, [*self.fields, *arguments], options

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        text = folded(*(getattr(model_instance, field) for field in self.fields))
        setattr(model_instance, self.attname, text)
        return text


class Location(BodyOwned):
    """Where things are: a site, or a cloud region; and under which law."""

    code = models.CharField(max_length=60)
    name_fr = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200, blank=True)
    region = models.CharField(max_length=100, blank=True)
    cloud_provider = models.CharField(max_length=60, blank=True)
    cloud_region = models.CharField(max_length=60, blank=True)
    jurisdiction = models.CharField(max_length=60, default="QC-CA")

    name = Bilingual("name")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["body", "code"], name="one_location_per_code")
        ]

    def __str__(self) -> str:
        return self.name_fr


class Asset(BodyOwned):
    """A public service, a system, or something that software is installed on.

    Levels (confidentiality, integrity, availability, own_criticality, criticality) go from 1 (low) to 4
    (very high); 0 is "not stated". ``criticality`` is the highest that reaches it over dependencies;
    ``criticality_source`` is the service that lends it, ``criticality_via`` the next step towards it.
    """

    class Kind(models.TextChoices):
        SERVICE = "service"
        SYSTEM = "system"
        SERVER = "server"
        WORKSTATION = "workstation"
        NETWORK = "network"
        APPLICATION = "application"
        CONTAINER = "container"
        OT = "ot"
        OTHER = "other"

    class Exposure(models.TextChoices):
        INTERNAL = "internal"
        CONTROLLED = "controlled"
        INTERNET = "internet"

    key = models.CharField(max_length=200)  # the body's own identifier, stable over imports
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.SERVER)
    name_fr = models.CharField(max_length=300)
    name_en = models.CharField(max_length=300, blank=True)
    description = models.TextField(blank=True)
    owner = models.ForeignKey(
        "organisations.Person", on_delete=models.SET_NULL, null=True, blank=True, related_name="assets_owned"
    )
    location = models.ForeignKey(
        Location, on_delete=models.SET_NULL, null=True, blank=True, related_name="assets"
    )
    network_exposure = models.CharField(max_length=12, choices=Exposure.choices, default=Exposure.INTERNAL)
    environment = models.CharField(max_length=30, default="production")
    essential = models.BooleanField(default=False)  # an essential public service
    rto_hours = models.PositiveIntegerField(null=True, blank=True)
    rpo_hours = models.PositiveIntegerField(null=True, blank=True)
    confidentiality = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(4)])
    integrity = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(4)])
    availability = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(4)])
    category_reason = models.TextField(blank=True)
    categorised_at = models.DateTimeField(null=True, blank=True)
    own_criticality = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(4)])
    criticality = models.PositiveSmallIntegerField(default=0)
    criticality_source = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    criticality_via = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    source = models.CharField(max_length=60, blank=True)  # which inventory states it
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)
    search_text = FoldedText("key", "name_fr", "name_en")

    name = Bilingual("name")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["body", "key"], name="one_asset_per_key"),
            models.CheckConstraint(
                condition=Q(
                    confidentiality__lte=4, integrity__lte=4, availability__lte=4, own_criticality__lte=4
                ),
                name="asset_levels",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["body", "kind", "id"], name="asset_body_kind"),
            models.Index(fields=["kind", "-criticality", "id"], name="asset_kind_criticality"),
            models.Index(fields=["key"], name="asset_key"),
            models.Index(
                fields=["-criticality", "id"], name="asset_live", condition=Q(retired_at__isnull=True)
            ),
            models.Index(
                fields=["body", "-criticality", "id"],
                name="asset_live_of_body",
                condition=Q(retired_at__isnull=True),
            ),
            models.Index(
                fields=["name_fr", "id"], name="asset_live_by_name", condition=Q(retired_at__isnull=True)
            ),
        ]

    @property
    def kind_word(self) -> str:
        """The kind in the reader's language."""
        return str(KINDS[self.kind])

    @property
    def exposure_word(self) -> str:
        """The network exposure in the reader's language."""
        return str(EXPOSURES[self.network_exposure])

    def __str__(self) -> str:
        return self.name_fr


class Dependency(BodyOwned):
    """``dependent`` needs ``dependency``: criticality flows from first to second. May cross bodies."""

    dependent = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="needs")
    dependency = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="needed_by")
    kind = models.CharField(max_length=30, default="runs_on")
    source = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["dependent", "dependency"], name="one_edge_per_pair"),
            models.CheckConstraint(condition=~Q(dependent=F("dependency")), name="no_edge_to_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.dependent_id} → {self.dependency_id}"


class Component(models.Model):
    """One distinct piece of software as inventories state it, shared by all bodies: what is matched.

    It carries no body: which bodies hold it is in ``Install``. ``digest`` is the SHA-256 of its fields.
    """

    digest = models.CharField(max_length=64, unique=True)
    vendor = models.CharField(max_length=300, blank=True)
    product = models.CharField(max_length=300, blank=True)
    version = models.CharField(max_length=200, blank=True)
    purl = models.CharField(max_length=600, blank=True)
    cpe = models.CharField(max_length=600, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    search_text = FoldedText("vendor", "product", "purl")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["product", "id"], name="component_product")]

    def __str__(self) -> str:
        name = self.product or self.purl
        # "PHP Group" and "PHP", "Microsoft" and "Microsoft Edge": not said twice.
        told = self.vendor.casefold().split()[:1] == name.casefold().split()[:1]
        return " ".join(part for part in ("" if told else self.vendor, name, self.version) if part)


class Install(BodyOwned):
    """A component on an asset. ``removed_at`` is set when a later inventory no longer shows it."""

    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="installs")
    component = models.ForeignKey(Component, on_delete=models.PROTECT, related_name="installs")
    source = models.CharField(max_length=60)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    first_import = models.ForeignKey("InventoryImport", on_delete=models.PROTECT, null=True, related_name="+")
    last_import = models.ForeignKey("InventoryImport", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["asset", "component", "source"], name="one_install_per_source"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["component", "body"], name="install_present", condition=Q(removed_at__isnull=True)
            ),
            models.Index(
                fields=["body", "source"], name="install_of_source", condition=Q(removed_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asset_id} {self.component_id}"


class InventoryImport(BodyOwned):
    """One inventory received from a body: previewed, then applied whole or not at all.

    ``source`` names the inventory ("cmdb", "sbom:portail"…): what a complete import of the same source no
    longer shows has disappeared; other sources are untouched.
    """

    class State(models.TextChoices):
        PREVIEWED = "previewed"
        APPLIED = "applied"
        REFUSED = "refused"
        DISCARDED = "discarded"

    source = models.CharField(max_length=60)
    kind = models.CharField(max_length=20)  # csv, xlsx, cyclonedx-json…, api
    file_name = models.CharField(max_length=255, blank=True)
    file_path = models.CharField(max_length=500, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    complete = models.BooleanField(default=True)  # it lists everything of its source
    asset = models.ForeignKey(Asset, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    mapping = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State.choices)
    created_by = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True, blank=True)
    observed_at = models.DateTimeField()  # when the inventory was taken: what it proves, it proves as of then
    rows = models.PositiveIntegerField(default=0)
    summary = models.JSONField(default=dict)  # counts: appeared, changed, disappeared, unchanged
    errors = models.JSONField(default=list)  # [{"where", "field", "code", "values"}], first 1,000
    error_count = models.PositiveIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["body", "-created_at"], name="import_recent")]

    def __str__(self) -> str:
        return f"{self.source} {self.created_at:%Y-%m-%d}"


class ColumnMapping(BodyOwned):
    """How a body's files name their columns, remembered from its last import of the same source."""

    source = models.CharField(max_length=60)
    mapping = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["body", "source"], name="one_mapping_per_source")
        ]

    def __str__(self) -> str:
        return self.source
