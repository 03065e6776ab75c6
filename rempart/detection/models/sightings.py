"""What was detected at a body: what leaves it (sightings), and what never does (detections).

Two tables, so that what stays cannot be read by reading what leaves: the centres' pages read the first alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from django.db import models
from django.db.models import Q

from rempart.kernel.scoping import BodyOwned, BodyPrivate
from rempart.kernel.time import now


class Level(models.IntegerChoices):
    """Sigma's levels, in order."""

    INFORMATIONAL = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


def padded(techniques: Iterable[str]) -> str:
    """Techniques of ATT&CK as tables keep them, to be looked for whole: " T1059 T1059.001 "; "" for none."""
    said = " ".join(techniques)
    return f" {said} " if said else ""


class Sighting(BodyOwned):
    """What leaves a body: a rule, when, how many times, and the pseudonyms of the host and user.

    ``level`` and ``techniques`` (ATT&CK) are the rule's, the latter padded with spaces (" T1059 T1059.001 ")
    to be looked for whole.
    """

    kind = models.CharField(max_length=12)  # sigma | correlation | indicator
    rule_id = models.CharField(max_length=300)
    rule_title = models.CharField(max_length=300)
    rule_digest = models.CharField(max_length=64, blank=True)  # of what the rule looked for
    level = models.PositiveSmallIntegerField(choices=Level.choices)
    techniques = models.CharField(max_length=300, blank=True)
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    count = models.PositiveBigIntegerField()
    host = models.CharField(max_length=24, blank=True)
    user = models.CharField(max_length=24, blank=True)
    recorded_at = models.DateTimeField(default=now)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["-recorded_at", "id"], name="sighting_recent"),
            models.Index(fields=["body", "-recorded_at"], name="sighting_of_body"),
            models.Index(fields=["rule_id", "-recorded_at"], name="sighting_of_rule"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_title} × {self.count}"


class Detection(BodyPrivate):
    """A detection as its body's own people see it: the host, the user, what matched, the event, the triage.

    A rule about one host and user in one hour; ``key`` says which (``pseudonyms.group_key``). ``sample`` is
    its earliest event, ``first_part`` the key of the part it came with. ``seen_at`` orders: the first event's
    time, or the reception's when it has none.
    """

    class State(models.TextChoices):
        NEW = "new"
        TRUE_POSITIVE = "true_positive"
        FALSE_POSITIVE = "false_positive"
        BENIGN = "benign"

    sighting = models.OneToOneField(Sighting, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    first_part = models.CharField(max_length=64)
    kind = models.CharField(max_length=12)
    rule_id = models.CharField(max_length=300)
    rule_title = models.CharField(max_length=300)
    rule_digest = models.CharField(max_length=64, blank=True)
    level = models.PositiveSmallIntegerField(choices=Level.choices)
    techniques = models.CharField(max_length=300, blank=True)
    host = models.CharField(max_length=255, blank=True)
    user = models.CharField(max_length=255, blank=True)
    # As they are compared: without case, width or surrounding spaces.
    host_key = models.CharField(max_length=512, blank=True)
    user_key = models.CharField(max_length=512, blank=True)
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()
    count = models.PositiveBigIntegerField()
    source = models.CharField(max_length=300, blank=True)
    matched = models.JSONField(default=list)  # [{"field", "value", "pattern", "search"}]
    sample = models.JSONField(default=dict)
    recorded_at = models.DateTimeField(default=now)
    state = models.CharField(max_length=16, choices=State.choices, default=State.NEW)
    reason = models.TextField(blank=True)
    assignee = models.ForeignKey(
        "organisations.Person", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    triaged_at = models.DateTimeField(null=True)
    triaged_by = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    tuning = models.TextField(blank=True)  # the filter that a false positive suggests, as a Sigma document

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["body", "key"], name="one_detection_per_key"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["body", "-seen_at"], name="detection_recent"),
            models.Index(fields=["body", "host_key", "-seen_at"], name="detection_of_host"),
            models.Index(fields=["body", "user_key", "-seen_at"], name="detection_of_user"),
            models.Index(fields=["body", "-level", "-seen_at"], name="detection_untriaged",
                         condition=Q(state="new")),
            models.Index(fields=["triaged_at"], name="detection_triaged",
                         condition=Q(triaged_at__isnull=False)),
        ]  # fmt: skip

    def __str__(self) -> str:
        # Goes to the audit trail, which centres read: nothing of the host, user or event.
        return f"{self.rule_title} ({self.pk})"


class DetectionPart(BodyPrivate):
    """What a sender told of a detection under one key: sent again, it counts once, with its largest count."""

    detection = models.ForeignKey(Detection, on_delete=models.CASCADE, related_name="parts")
    key = models.CharField(max_length=64)
    count = models.PositiveBigIntegerField()
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["detection", "key"], name="one_part_per_key"),
        ]

    def __str__(self) -> str:
        return f"{self.detection_id} × {self.count}"


class DetectionNote(BodyPrivate):
    """A line of a detection's history: a note, an assignment or a verdict."""

    detection = models.ForeignKey(Detection, on_delete=models.CASCADE, related_name="notes")
    at = models.DateTimeField(default=now)
    kind = models.CharField(max_length=12)  # note | assigned | triaged
    state = models.CharField(max_length=16, blank=True)
    text = models.TextField(blank=True)
    author = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    author_label = models.CharField(max_length=254)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["detection", "at"], name="note_of_detection")]

    def __str__(self) -> str:
        return f"{self.kind} {self.detection_id}"


class PseudonymKey(BodyPrivate):
    """A body's own key: with it alone can a pseudonym be told from a name. One is in use at a time."""

    secret = models.BinaryField(max_length=64)
    made_at = models.DateTimeField(default=now)
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["body"], name="one_key_in_use", condition=Q(replaced_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.body_id} {self.made_at:%Y-%m-%d}"
