"""Daily values of each indicator, for each body, portfolio and the government."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from rempart.kernel.scoping import BodyOwned
from rempart.kernel.time import now


class Snapshot(BodyOwned):
    """An indicator's value on a day for an organisation (``body``: a body, a portfolio or the government).

    Over the 30 days before. The last taking of a day is the one kept; ``taken_at`` says when.
    """

    day = models.DateField()
    indicator = models.CharField(max_length=60)
    value = models.FloatField(null=True)
    numerator = models.FloatField(null=True)
    denominator = models.FloatField(null=True)
    taken_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["indicator", "body", "day"], name="one_value_per_day"),
        ]
        indexes: ClassVar = [models.Index(fields=["body", "day"], name="snapshot_body_day")]

    def __str__(self) -> str:
        return f"{self.indicator} {self.body_id} {self.day}"
