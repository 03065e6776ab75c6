"""What a body authorised in advance to answer its detections, and everything that it did."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from rempart.detection.models.sightings import Detection, Level
from rempart.kernel.scoping import BodyPrivate
from rempart.kernel.time import now


class Response(BodyPrivate):
    """What is done, by itself, when a detection of the body reaches a level and a count.

    ``field`` names what is blocked: "host", "user", or a field of the event. ``rules`` narrows to rules by
    their id (one a line; none: every rule). A change puts it back to "dry": it must be seen at work without
    effect before it can be armed.
    """

    class Kind(models.TextChoices):
        BLOCK = "block"
        DISABLE_ACCOUNT = "disable_account"
        ISOLATE_HOST = "isolate_host"
        DIRECTIVE = "directive"

    class Mode(models.TextChoices):
        OFF = "off"
        DRY = "dry"
        ARMED = "armed"

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    mode = models.CharField(max_length=6, choices=Mode.choices, default=Mode.DRY)
    level = models.PositiveSmallIntegerField(choices=Level.choices, default=Level.CRITICAL)
    least_count = models.PositiveIntegerField(default=1)
    rules = models.TextField(blank=True)
    field = models.CharField(max_length=200, blank=True)
    url = models.CharField(max_length=500, blank=True)
    secret = models.CharField(max_length=200, blank=True)
    per_hour = models.PositiveSmallIntegerField(default=10)
    changed_at = models.DateTimeField(default=now)
    armed_at = models.DateTimeField(null=True)
    authorised_by = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["body", "name"], name="one_response_per_name"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.pk})"


class ResponseAction(BodyPrivate):
    """One response to one detection: done once, or (``dry``) only told.

    A webhook waits (``pending``) until its receiver accepts it, and goes again under the same id.
    ``document`` is what was sent, or would have been. An undoing goes the same way (``undoing``, then
    ``undone``).
    """

    class State(models.TextChoices):
        DRY = "dry"
        PENDING = "pending"
        DONE = "done"
        FAILED = "failed"
        LIMITED = "limited"  # past what an hour allows: a person may still have it done
        UNDOING = "undoing"
        UNDO_FAILED = "undo_failed"
        UNDONE = "undone"

    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="actions")
    detection = models.ForeignKey(Detection, on_delete=models.CASCADE, related_name="actions")
    dry = models.BooleanField()
    state = models.CharField(max_length=12, choices=State.choices)
    subject = models.CharField(max_length=1000, blank=True)
    document = models.JSONField(default=dict)
    at = models.DateTimeField(default=now)
    counted_at = models.DateTimeField(null=True)  # when it took its place in the hour's limit
    failures = models.PositiveSmallIntegerField(default=0)  # times that the receiver did not accept
    next_attempt_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
    answer = models.CharField(max_length=300, blank=True)
    done_at = models.DateTimeField(null=True)
    directive = models.ForeignKey("alerts.Directive", on_delete=models.SET_NULL, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    undo_reason = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["response", "detection", "dry"], name="a_response_runs_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["response", "-at"], name="action_of_response"),
            models.Index(
                fields=["next_attempt_at"],
                name="action_due",
                condition=Q(state__in=["pending", "undoing"]),
            ),
            models.Index(fields=["response", "counted_at"], name="action_of_hour"),
            models.Index(fields=["body", "-at"], name="action_of_body"),
        ]

    def __str__(self) -> str:
        return f"{self.response_id} → {self.detection_id}"
