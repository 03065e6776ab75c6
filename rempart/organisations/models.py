"""The government's tree and its history, the people in it, their duties, and how to reach them."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import Q

from rempart.kernel.scoping import BodyOwned, ScopedManager
from rempart.kernel.text import Bilingual


class Kind(models.TextChoices):
    GOVERNMENT = "government"
    CGCD = "cgcd"
    COCD = "cocd"
    BODY = "body"
    UNIT = "unit"


class Organisation(models.Model):
    """A place in the tree: government → command centre → operational centres → bodies → units.

    ``path`` holds the ids from the root down, "/1/2/15/", so that a branch is a prefix.
    """

    code = models.SlugField(max_length=40, unique=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    path = models.CharField(max_length=200, db_index=True, default="/")
    name_fr = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200, blank=True)
    sector = models.CharField(max_length=60, blank=True)
    essential = models.BooleanField(default=False)
    active_from = models.DateField()
    active_to = models.DateField(null=True, blank=True)

    name = Bilingual("name")
    scope_path = "id"  # an organisation belongs to itself

    objects = ScopedManager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["kind", "code"], name="organisation_kind")]

    def __str__(self) -> str:
        return self.name_fr


class OrganisationVersion(models.Model):
    """What an organisation was during a period: its place, its kind and its names."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="versions")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    parent = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    name_fr = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200, blank=True)
    sector = models.CharField(max_length=60, blank=True)

    name = Bilingual("name")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation"], condition=Q(valid_to__isnull=True), name="one_current_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name_fr} {self.valid_from}"


class DutyTitle(models.Model):
    """A duty's title (COMSI, CSIO, DI…): data that people edit, for titles change with directives."""

    code = models.SlugField(max_length=30, unique=True)
    name_fr = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    receives_alerts = models.BooleanField(default=False)
    rank = models.PositiveSmallIntegerField(default=100)  # who is reached first: the lowest

    name = Bilingual("name")

    def __str__(self) -> str:
        return self.code


class Person(BodyOwned):
    """Someone who works for an organisation (``body`` is where they belong, whatever its kind)."""

    user = models.OneToOneField(
        "kernel.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="person"
    )
    name = models.CharField(max_length=200)
    email = models.EmailField()
    phone = models.CharField(max_length=40, blank=True)
    language = models.CharField(max_length=2, choices=[("fr", "Français"), ("en", "English")], default="fr")
    active = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["body", "email"], name="one_person_per_email")
        ]

    def __str__(self) -> str:
        return self.name


class Duty(BodyOwned):
    """A person holds a duty in an organisation for a period; ``deputy`` answers when they cannot."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="duties")
    title = models.ForeignKey(DutyTitle, on_delete=models.PROTECT, related_name="+")
    deputy = models.ForeignKey(
        Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="deputises"
    )
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.person_id} {self.title_id}"

    @staticmethod
    def going_on(day: date) -> Q:
        """Those that have not ended before that day."""
        return Q(ends_on__isnull=True) | Q(ends_on__gte=day)


class OnCallPeriod(BodyOwned):
    """When a person is on call for an organisation; outside business hours they come before the duties."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="on_call")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    deputy = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("starts_at")), name="on_call_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.starts_at}"


class ContactChannel(BodyOwned):
    """A way to reach a person or an organisation, usable once verified.

    ``immediate_from`` is the lowest priority that is sent at once; what is below waits for the daily digest.
    """

    class Medium(models.TextChoices):
        EMAIL = "email"
        WEBHOOK = "webhook"

    class Threshold(models.TextChoices):
        ACT_NOW = "act_now"
        OUT_OF_CYCLE = "out_of_cycle"
        SCHEDULED = "scheduled"
        NEVER = "never"

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, null=True, blank=True, related_name="channels"
    )
    medium = models.CharField(max_length=10, choices=Medium.choices)
    address = models.CharField(max_length=500)
    secret = models.CharField(max_length=200, blank=True)  # webhook signing key
    immediate_from = models.CharField(max_length=12, choices=Threshold.choices, default=Threshold.ACT_NOW)
    digest = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    bounced_at = models.DateTimeField(null=True, blank=True)
    bounce_reason = models.CharField(max_length=500, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    # The proof asked of the address: the hash of a code, until when, and the wrong answers so far.
    challenge_digest = models.CharField(max_length=64, blank=True)
    challenge_until = models.DateTimeField(null=True, blank=True)
    challenge_failures = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["body", "person", "medium", "address"], name="one_channel_per_address"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.medium} {self.pk}"


class OfficeCalendar(models.Model):
    """When the government's office is open, in one row: whoever counts business hours reads it whole.

    ``week`` holds seven [opening, closing] pairs or null, Monday first; ``closed_days`` {day, name_fr,
    name_en}, beside the statutory holidays.
    """

    ONLY = 1

    id = models.SmallIntegerField(primary_key=True, default=ONLY)
    time_zone = models.CharField(max_length=60)
    statutory_holidays = models.BooleanField(default=True)
    week = models.JSONField(default=list)
    closed_days = models.JSONField(default=list)

    def __str__(self) -> str:
        return self.time_zone
