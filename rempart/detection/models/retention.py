"""How long bodies keep their detections, and what stays of those that are forgotten: numbers alone."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce

from rempart.detection.models.sightings import Detection, Level, Sighting
from rempart.kernel.scoping import BodyPrivate, SharedOrOwned
from rempart.kernel.time import now


class Retention(SharedOrOwned):
    """For how many days after they are received detections are kept: in a body, or at most in any of them."""

    days = models.PositiveSmallIntegerField()
    set_by = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    set_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                Coalesce("body", Value(0), output_field=models.BigIntegerField()),
                name="one_retention_per_body",
            ),
        ]

    def __str__(self) -> str:
        return str(self.days)


class ForgottenDetection(BodyPrivate):
    """What measures and counts need of a forgotten detection: no host, user, event or word of triage.

    ``key`` is a keyed digest of the detection's, and ``parts`` their counts by the parts' keys ({key: [count,
    first, last]}), so that the same events given again count once; both are empty once they were.
    """

    sighting = models.ForeignKey(Sighting, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=64, blank=True)
    parts = models.JSONField(default=dict)
    level = models.PositiveSmallIntegerField(choices=Level.choices)
    state = models.CharField(max_length=16, choices=Detection.State.choices)
    recorded_at = models.DateTimeField()
    triaged_at = models.DateTimeField(null=True)
    forgotten_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["body", "key"], name="one_forgotten_per_key", condition=~Q(key="")
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["recorded_at"], name="forgotten_received")]

    def __str__(self) -> str:
        return str(self.sighting_id)
