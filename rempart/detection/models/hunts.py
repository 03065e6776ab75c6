"""Hunts over the logs that bodies keep: who asked which rules, what each body's node says, what it found."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from rempart.detection.models.library import Pack, RuleVersion
from rempart.detection.models.sightings import Sighting
from rempart.kernel.scoping import BodyOwned, BodyPrivate
from rempart.kernel.time import now


class Hunt(models.Model):
    """Rules to look for over some past days, in the logs that some bodies keep.

    It belongs to no body: who sees one of its runs sees it. ``file`` is the signed pack of its rules, as they
    were when it was asked; where a body's own are among them, the file is in ``HuntFile``.
    """

    title = models.CharField(max_length=200)
    why = models.TextField()
    since = models.DateTimeField()
    until = models.DateTimeField()  # excluded
    file = models.BinaryField()
    rules = models.PositiveIntegerField()
    version = models.ForeignKey(RuleVersion, on_delete=models.SET_NULL, null=True, related_name="+")
    pack = models.ForeignKey(Pack, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_by = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(default=now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-asked_at"], name="hunt_recent")]

    def __str__(self) -> str:
        return self.title


class HuntFile(BodyPrivate):
    """The signed rules of a hunt that holds a body's own: they go to the body's nodes alone."""

    hunt = models.OneToOneField(Hunt, on_delete=models.CASCADE, related_name="+")
    file = models.BinaryField()

    def __str__(self) -> str:
        return str(self.hunt_id)


class HuntRun(BodyOwned):
    """A hunt at one node of a body: asked, estimated, allowed by the body, run there, ended.

    ``node`` is "" until a node takes it, where the body had none when it was asked. Counts are those that the
    node says: ``files``, ``events``, ``bytes`` and ``seconds`` of its estimate, then of ``events_total`` how
    many are done. ``standing``: allowed in advance. A failure's ``reason`` is a code: no word of the body's
    logs is here, for centres read it.
    """

    class State(models.TextChoices):
        ASKED = "asked"
        ESTIMATED = "estimated"  # waits for the body
        AUTHORISED = "authorised"
        REFUSED = "refused"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class Reason(models.TextChoices):
        RULES = "rules"  # none is usable there
        LOGS = "logs"  # they cannot be read
        WORK = "work"  # the node could not finish

    ENDED = frozenset({State.REFUSED, State.DONE, State.FAILED, State.CANCELLED})
    OPEN = (State.ASKED, State.ESTIMATED, State.AUTHORISED, State.RUNNING)

    hunt = models.ForeignKey(Hunt, on_delete=models.CASCADE, related_name="runs")
    node = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.ASKED)
    files = models.PositiveIntegerField(null=True)
    events = models.PositiveBigIntegerField(null=True)
    bytes = models.PositiveBigIntegerField(null=True)
    seconds = models.FloatField(null=True)
    estimated_at = models.DateTimeField(null=True)
    standing = models.BooleanField(default=False)
    decided_by = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)  # why it was refused or cancelled
    started_at = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)  # the node's last word
    events_done = models.PositiveBigIntegerField(default=0)
    events_total = models.PositiveBigIntegerField(default=0)
    matches = models.PositiveBigIntegerField(null=True)  # events that a rule found
    reason = models.CharField(max_length=12, choices=Reason.choices, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hunt", "body", "node"], name="one_run_per_node"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["body", "state"], name="hunt_run_of_body"),
        ]

    def __str__(self) -> str:
        return f"{self.hunt} ({self.pk})"


class HuntNode(BodyOwned):
    """A node that hunts for its body, and what it keeps: files, events, bytes, the first and last day."""

    node = models.CharField(max_length=200)
    files = models.PositiveIntegerField(default=0)
    events = models.PositiveBigIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)
    first_day = models.DateField(null=True)
    last_day = models.DateField(null=True)
    seen_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["body", "node"], name="one_hunting_node_per_name"),
        ]

    def __str__(self) -> str:
        return self.node


class HuntSighting(BodyOwned):
    """A sighting that a run of a hunt brought, whether or not it was known before."""

    run = models.ForeignKey(HuntRun, on_delete=models.CASCADE, related_name="sightings")
    sighting = models.ForeignKey(Sighting, on_delete=models.CASCADE, related_name="hunts")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "sighting"], name="a_run_brings_a_sighting_once"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} → {self.sighting_id}"


class HuntAuthorisation(BodyPrivate):
    """What a body lets run without asking its people: hunts of at most so many seconds, so many a day."""

    most_seconds = models.PositiveIntegerField()
    per_day = models.PositiveSmallIntegerField()
    set_by = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    set_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["body"], name="one_authorisation_of_hunts"),
        ]

    def __str__(self) -> str:
        return f"{self.most_seconds} s × {self.per_day}"
