"""Directives, the bodies they bind, and every message sent about them."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import Q

from rempart.kernel.scoping import BodyOwned
from rempart.kernel.text import Bilingual
from rempart.kernel.time import now


class Directive(models.Model):
    """What the command centre asks of bodies, by when. About a vulnerability, or free text."""

    class Audience(models.TextChoices):
        EXPOSED = "exposed"  # exactly the bodies exposed, at every moment
        PORTFOLIO = "portfolio"
        ALL = "all"

    class State(models.TextChoices):
        OPEN = "open"
        CLOSED = "closed"
        CANCELLED = "cancelled"

    number = models.CharField(max_length=20, unique=True)  # D-2026-0001
    vulnerability = models.ForeignKey(
        "intelligence.Vulnerability",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="directives",
    )
    audience = models.CharField(max_length=10, choices=Audience.choices)
    portfolio = models.ForeignKey(
        "organisations.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    title_fr = models.CharField(max_length=300)
    title_en = models.CharField(max_length=300)
    text_fr = models.TextField(blank=True)
    text_en = models.TextField(blank=True)
    marking = models.CharField(max_length=20, default="TLP:AMBER")
    priority = models.CharField(max_length=12)  # act_now | out_of_cycle | scheduled
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    issued_by_rule = models.ForeignKey("AlertRule", on_delete=models.SET_NULL, null=True, related_name="+")
    due_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    title = Bilingual("title")
    text = Bilingual("text")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["vulnerability"],
                condition=Q(state="open", vulnerability__isnull=False),
                name="one_open_directive_per_vulnerability",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "due_at"], name="directive_due")]

    def __str__(self) -> str:
        return self.number


class Target(BodyOwned):
    """One body bound by one directive: where it stands, who answers, by when.

    sent → delivered → acknowledged → in_progress → declared → verified; or not_affected, accepted (until a
    date), withdrawn (no longer exposed before anything was done).
    """

    class State(models.TextChoices):
        SENT = "sent"
        DELIVERED = "delivered"
        ACKNOWLEDGED = "acknowledged"
        IN_PROGRESS = "in_progress"
        DECLARED = "declared"
        VERIFIED = "verified"
        NOT_AFFECTED = "not_affected"
        ACCEPTED = "accepted"
        WITHDRAWN = "withdrawn"

    directive = models.ForeignKey(Directive, on_delete=models.PROTECT, related_name="targets")
    state = models.CharField(max_length=12, choices=State.choices, default=State.SENT)
    priority = models.CharField(max_length=12)
    sent_at = models.DateTimeField()
    alerted_at = models.DateTimeField(default=now)  # when the present clock began: sent, or last reopened
    delivered_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    assigned_to = models.ForeignKey(
        "organisations.Person", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    declared_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField()
    delay_requested_until = models.DateTimeField(null=True, blank=True)
    delay_reason = models.TextField(blank=True)
    delayed_until = models.DateTimeField(null=True, blank=True)  # granted
    accepted_until = models.DateTimeField(null=True, blank=True)
    rung = models.PositiveSmallIntegerField(default=0)  # the last told: 0 officer, 1 deputy, 2 cocd, 3 cgcd
    escalate_at = models.DateTimeField(null=True, blank=True)
    reopened = models.PositiveSmallIntegerField(default=0)
    exposures_total = models.PositiveIntegerField(default=0)
    exposures_open = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["directive", "body"], name="a_body_is_alerted_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["body", "state", "due_at"], name="target_inbox"),
            # Answers by itself how the bodies of a directive stand, within any scope.
            models.Index(fields=["directive", "state", "due_at", "body"], name="target_standing"),
            models.Index(
                fields=["verified_at"], name="target_verified", condition=Q(verified_at__isnull=False)
            ),
            models.Index(fields=["due_at"], name="target_open_due", condition=Q(closed_at__isnull=True)),
            models.Index(
                fields=["escalate_at"],
                name="target_escalation",
                condition=Q(closed_at__isnull=True, escalate_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.directive_id} → {self.body_id}"


class TargetEvent(BodyOwned):
    """A line of a target's timeline. ``on_behalf`` is true when a COCD or the CGCD acted for the body."""

    target = models.ForeignKey(Target, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=30)
    actor = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    actor_label = models.CharField(max_length=254)
    on_behalf = models.BooleanField(default=False)
    reason = models.TextField(blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["target", "at"], name="targetevent_timeline"),
            models.Index(fields=["-at"], name="targetevent_recent"),
        ]

    def __str__(self) -> str:
        return self.kind


class Delivery(BodyOwned):
    """One message about one thing to one channel. ``dedupe_key`` makes a second one impossible."""

    class State(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        RETRYING = "retrying"
        FAILED = "failed"
        BOUNCED = "bounced"
        DIGESTED = "digested"  # carried by a digest instead

    target = models.ForeignKey(Target, on_delete=models.CASCADE, null=True, related_name="deliveries")
    channel = models.ForeignKey(
        "organisations.ContactChannel", on_delete=models.SET_NULL, null=True, related_name="deliveries"
    )
    person = models.ForeignKey("organisations.Person", on_delete=models.SET_NULL, null=True, related_name="+")
    occasion = models.CharField(max_length=30)  # issued, escalated, reopened, reminder, digest
    rung = models.CharField(max_length=10, default="officer")  # officer, deputy, cocd, cgcd
    dedupe_key = models.CharField(max_length=200, unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)  # claims, those of workers that died included
    failures = models.PositiveSmallIntegerField(default=0)  # claims that ended with an error
    created_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    message_id = models.CharField(max_length=250, blank=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"], name="delivery_due", condition=Q(state__in=["queued", "retrying"])
            ),
            models.Index(fields=["target", "state"], name="delivery_target"),
            models.Index(
                fields=["channel"],
                name="delivery_awaiting_digest",
                condition=Q(state="digested", sent_at__isnull=True),
            ),
            models.Index(fields=["-created_at"], name="delivery_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.occasion} {self.pk}"


class EscalationStep(models.Model):
    """Who is told of a directive of this priority that nobody acknowledges, and how long after its sending.

    ``business``: the minutes are those of the office's open hours.
    """

    priority = models.CharField(max_length=12)  # act_now | out_of_cycle | scheduled
    rung = models.CharField(max_length=10)  # officer | deputy | cocd | cgcd
    minutes = models.PositiveIntegerField()
    business = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["priority", "rung"], name="a_rung_is_told_once"),
        ]

    def __str__(self) -> str:
        return f"{self.priority} {self.rung} {self.minutes}"


class AlertRule(models.Model):
    """When a directive is issued without waiting for a person."""

    name_fr = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    enabled = models.BooleanField(default=True)
    kev_only = models.BooleanField(default=True)
    minimum_priority = models.CharField(max_length=12, default="act_now")
    kev_added_within_days = models.PositiveIntegerField(null=True, blank=True)
    marking = models.CharField(max_length=20, default="TLP:AMBER")

    name = Bilingual("name")

    def __str__(self) -> str:
        return self.name_fr

    def takes(self, kev_added_on: date | None, day: date) -> bool:
        """Whether a vulnerability in the KEV catalogue since then (None: not in it) is of those asked, that
        day; how urgent it must be is apart.
        """
        if kev_added_on is None:
            return not self.kev_only and self.kev_added_within_days is None
        return self.kev_added_within_days is None or (day - kev_added_on).days <= self.kev_added_within_days
