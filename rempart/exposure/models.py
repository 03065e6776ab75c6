"""Which components are affected by what (findings), which assets are exposed, and how urgent it is."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from rempart.exposure import facets
from rempart.kernel.scoping import BodyOwned
from rempart.kernel.time import now


class ProductAlias(models.Model):
    """Two identity keys name the same product. Shared by all bodies: corrected once, for everyone."""

    key = models.CharField(max_length=300, unique=True)
    canonical = models.CharField(max_length=300, db_index=True)
    confidence = models.FloatField(default=1.0)
    provenance = models.CharField(max_length=200)
    decided_by = models.ForeignKey(
        "kernel.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.key} = {self.canonical}"


class ComponentKey(models.Model):
    """An identity key of a component (aliases resolved): how a vulnerability finds what it concerns."""

    component = models.ForeignKey("assets.Component", on_delete=models.CASCADE, related_name="keys")
    key = models.CharField(max_length=300)
    confidence = models.FloatField(default=1.0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "component"], name="component_by_key")
        ]

    def __str__(self) -> str:
        return self.key


class Finding(models.Model):
    """The verdict for one (component, vulnerability) that concern each other, with its reason."""

    component = models.ForeignKey("assets.Component", on_delete=models.CASCADE, related_name="findings")
    vulnerability = models.ForeignKey(
        "intelligence.Vulnerability", on_delete=models.CASCADE, related_name="findings"
    )
    status = models.CharField(max_length=12)  # engines.exposure.model.Status
    source = models.CharField(max_length=120)
    range = models.CharField(max_length=500)
    reason = models.CharField(max_length=40)
    detail = models.JSONField(default=dict)
    confidence = models.FloatField()
    first_found_at = models.DateTimeField()
    last_changed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["vulnerability", "component"], name="one_finding_per_pair"),
        ]
        indexes: ClassVar = [models.Index(fields=["component", "status"], name="finding_component")]

    def __str__(self) -> str:
        return f"{self.component_id} {self.vulnerability_id} {self.status}"


class Exposure(BodyOwned):
    """An asset that holds an affected component, from the day it was found to the day its end was proved.

    ``priority`` and ``due_at`` come from the decision table; ``criticality`` is the asset's, for sorting.
    ``proof`` says what closed it: {"kind": "inventory" | "finding" | "retired" | "statement", ...}, or, on
    one that came back, what it was before: {"kind": "reopened", "was", "opened", "closed"}.
    ``priority_since`` is when the present priority took hold: its deadline counts from there, so that nobody
    is late the minute a vulnerability becomes urgent. ``changed_at`` is when this row last changed.
    ``exploited`` and ``internet`` repeat what the vulnerability (KEV) and the asset say, for lists and
    counts; ``facet`` is the row's combination of what lists filter by (``exposure.facets``).
    A row is *live* while open, accepted or stated not affected: its component is there and concerned.
    """

    class State(models.TextChoices):
        OPEN = "open"
        VERIFIED = "verified"
        NOT_AFFECTED = "not_affected"
        ACCEPTED = "accepted"
        WITHDRAWN = "withdrawn"  # the record changed: it was never (or is no longer) affected

    # Each of the four leads one of the indexes below: an index of its own would only slow the inserts.
    body = models.ForeignKey(
        "organisations.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    asset = models.ForeignKey(
        "assets.Asset", on_delete=models.CASCADE, related_name="exposures", db_index=False
    )
    component = models.ForeignKey(
        "assets.Component", on_delete=models.PROTECT, related_name="exposures", db_index=False
    )
    vulnerability = models.ForeignKey(
        "intelligence.Vulnerability", on_delete=models.PROTECT, related_name="exposures", db_index=False
    )
    certainty = models.CharField(max_length=12, default="affected")  # affected | cannot_tell
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    priority = models.CharField(
        max_length=12, default="scheduled"
    )  # act_now | out_of_cycle | scheduled | defer
    priority_since = models.DateTimeField(default=now)
    criticality = models.PositiveSmallIntegerField(default=0)
    exploited = models.BooleanField(default=False)
    internet = models.BooleanField(default=False)
    facet = models.GeneratedField(
        expression=facets.expression(), output_field=models.IntegerField(), db_persist=True
    )
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(default=now)
    reopened = models.PositiveSmallIntegerField(default=0)
    proof = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["vulnerability", "asset", "component"], name="one_exposure_each"),
        ]
        # Each index is a page more to write for each row that closes: none that another can stand in for.
        indexes: ClassVar = [
            # How far a vulnerability reaches, and what an asset is exposed to, without reading the rows.
            models.Index(
                fields=["vulnerability", "body", "facet", "asset"],
                name="exposure_open_vuln",
                condition=Q(state="open"),
            ),
            models.Index(fields=["asset", "state", "certainty"], name="exposure_asset"),
            # The list: each combination in order of due date, opening and end; each body's, of due date.
            # The board counts ages by body in the same order. Rows of one time in the order of the other are
            # found in the index alone.
            models.Index(fields=["facet", "due_at", "id", "opened_at", "body"], name="exposure_facet_due"),
            models.Index(fields=["facet", "opened_at", "id", "due_at", "body"], name="exposure_facet_opened"),
            models.Index(
                fields=["facet", "closed_at", "id", "due_at", "opened_at", "body"],
                name="exposure_facet_closed",
                condition=Q(closed_at__isnull=False),
            ),
            # One body's list is sorted from this index alone, whatever its filters and order.
            models.Index(
                fields=[
                    *("body", "facet", "due_at", "id", "opened_at", "closed_at"),
                    *("vulnerability", "component", "asset"),
                ],
                name="exposure_body_facet",
            ),
            # The list by component: its exposures in order, those of other combinations passed in the index.
            models.Index(
                fields=["component", "vulnerability", "asset", "facet", "id", "body"],
                name="exposure_component",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asset_id} {self.vulnerability_id} {self.state}"


class ExposureCount(BodyOwned):
    """How many exposures of one combination a body has; the database keeps it (``exposure.counting``)."""

    facet = models.IntegerField()
    n = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["body", "facet"], name="one_count_per_facet"),
        ]

    def __str__(self) -> str:
        return f"{self.body_id} {self.facet}: {self.n}"


class ExposureDays(models.Model):
    """Some exposure of this combination was opened on one day and is due, or closed, on another; or once was.

    Days are UTC's. Of every body: it bounds where lists look for rows, and is never shown. The database keeps
    it (``exposure.counting``).
    """

    facet = models.IntegerField()
    kind = models.CharField(max_length=6)  # due | closed
    opened_on = models.DateField()
    day = models.DateField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["facet", "kind", "opened_on", "day"], name="exposure_days"),
        ]

    def __str__(self) -> str:
        return f"{self.facet} {self.opened_on} {self.kind} {self.day}"


class Statement(BodyOwned):
    """A body's word that it is not affected (VEX), or that it accepts a risk until a date.

    Scope: the whole body for that vulnerability, or one component of it. A statement counts once reviewed.
    """

    class Kind(models.TextChoices):
        NOT_AFFECTED = "not_affected"
        RISK_ACCEPTED = "risk_accepted"

    class State(models.TextChoices):
        PROPOSED = "proposed"
        ACCEPTED = "accepted"
        REFUSED = "refused"
        EXPIRED = "expired"
        WITHDRAWN = "withdrawn"

    vulnerability = models.ForeignKey(
        "intelligence.Vulnerability", on_delete=models.PROTECT, related_name="statements"
    )
    component = models.ForeignKey(
        "assets.Component", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    kind = models.CharField(max_length=14, choices=Kind.choices)
    justification = models.CharField(max_length=60, blank=True)  # CISA/OpenVEX justification
    explanation = models.TextField()
    compensating_measure = models.TextField(blank=True)
    valid_until = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    made_by = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField()
    reviewed_by = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    review_note = models.TextField(blank=True)
    # Offered to every body that holds the same component; ``adopted_from`` is the offer that one took up.
    offered_at = models.DateTimeField(null=True, blank=True)
    offered_by = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    adopted_from = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="adoptions"
    )
    # Taken back, by whom and why; a copy ends with what it was taken up from.
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    end_reason = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"#{self.pk}"  # what the audit trail calls it, beside the word for a statement


class PriorityRule(models.Model):
    """One line of the decision table (engines.priority): a combination of inputs and its outcome."""

    exploitation = models.CharField(max_length=8)
    exposure = models.CharField(max_length=12)
    impact = models.CharField(max_length=12)
    automatable = models.CharField(max_length=4)
    outcome = models.CharField(max_length=12)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["exploitation", "exposure", "impact", "automatable"],
                name="one_outcome_per_combination",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exploitation} {self.exposure} {self.impact} {self.automatable} → {self.outcome}"


class PriorityDeadline(models.Model):
    """How long each outcome allows: an amount of hours or days, counted on the business calendar or not."""

    outcome = models.CharField(max_length=12, unique=True)
    amount = models.PositiveIntegerField()
    unit = models.CharField(max_length=5, default="hours")  # hours | days
    business = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.outcome} {self.amount} {self.unit}"


class ComponentSupport(models.Model):
    """The release cycle of a component, by the published dates; no product: it was looked for in vain.

    ``ends_on`` is the end of corrections of security; ``past`` says it where no day is stated.
    """

    component = models.OneToOneField(
        "assets.Component", on_delete=models.CASCADE, primary_key=True, related_name="support"
    )
    product = models.ForeignKey(
        "intelligence.LifecycleProduct", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    cycle = models.ForeignKey(
        "intelligence.LifecycleCycle", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    ends_on = models.DateField(null=True, blank=True)
    past = models.BooleanField(null=True)
    extended_on = models.DateField(null=True, blank=True)
    confidence = models.FloatField(default=0.0)
    key = models.CharField(max_length=300, blank=True)  # the identity by which it was found

    def __str__(self) -> str:
        return f"{self.component_id} {self.cycle_id}"


class SupportHolding(BodyOwned):
    """A component whose support is known of, as one body holds it: on how many live assets, how critical."""

    component = models.ForeignKey("assets.Component", on_delete=models.CASCADE, related_name="+")
    product = models.ForeignKey("intelligence.LifecycleProduct", on_delete=models.CASCADE, related_name="+")
    cycle = models.ForeignKey(
        "intelligence.LifecycleCycle", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    ends_on = models.DateField(null=True, blank=True)
    past = models.BooleanField(null=True)
    extended_on = models.DateField(null=True, blank=True)
    assets = models.PositiveIntegerField()
    internet = models.PositiveIntegerField(default=0)
    criticality = models.PositiveSmallIntegerField(default=0)  # the highest among those assets

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["body", "component"], name="one_holding_each"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["body", "ends_on"], name="holding_of_body"),
            models.Index(fields=["ends_on", "id"], name="holding_ends"),
        ]

    def __str__(self) -> str:
        return f"{self.body_id} {self.component_id}"


class ProductDifference(models.Model):
    """Two names that look alike and are two products: a person said so, and is not asked again."""

    key = models.CharField(max_length=300)  # the lesser of the two, so that a pair is one row
    other = models.CharField(max_length=300)
    reason = models.CharField(max_length=200, blank=True)
    decided_by = models.ForeignKey(
        "kernel.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "other"], name="one_difference_per_pair"),
        ]

    def __str__(self) -> str:
        return f"{self.key} ≠ {self.other}"


class SourceRank(models.Model):
    """The place of a kind of source in the order in which they are believed; no row: the first order."""

    kind = models.CharField(max_length=20, unique=True)  # as in a statement's source, before ":"
    rank = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return f"{self.rank} {self.kind}"


class MatchRun(models.Model):
    """A matching whose effects are kept to be read: what one reading of a feed set off, or a re-match of all.

    ``feed`` is the source's name. ``left_out`` counts changed verdicts beyond those kept. One that ended has
    ``finished_at``; the re-match that a person interrupts has none, and what it did stays true.
    """

    class Kind(models.TextChoices):
        FEED = "feed"
        REMATCH = "rematch"
        IDENTITY = "identity"  # products named otherwise
        PRECEDENCE = "precedence"  # sources believed in another order

    kind = models.CharField(max_length=10, choices=Kind.choices)
    feed = models.CharField(max_length=60, blank=True)
    feed_run = models.OneToOneField(
        "intelligence.FeedRun", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    kept = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-started_at"], name="matchrun_recent")]

    def __str__(self) -> str:
        return f"{self.kind} {self.started_at}"


class VerdictChange(models.Model):
    """One pair whose verdict a run changed: as the run found it, as it left it, and why (a ``cause``).

    An empty status: there was, or is, no verdict: nothing published concerned the component.
    """

    run = models.ForeignKey(MatchRun, on_delete=models.CASCADE, related_name="verdicts", db_index=False)
    component = models.ForeignKey(
        "assets.Component", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    vulnerability = models.ForeignKey(
        "intelligence.Vulnerability", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    cause = models.CharField(max_length=12)
    before = models.JSONField(default=dict)  # status, source, range, reason
    after = models.JSONField(default=dict)
    changed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["run", "vulnerability", "component"], name="one_change_per_pair_and_run"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.component_id} {self.vulnerability_id} {self.cause}"


class ExposureMove(BodyOwned):
    """What a run did to a body's exposures to one vulnerability by one component: ``n`` of them moved so.

    ``exposure`` is one of them. Without ``verdict`` the move followed from facts, installs or statements.
    """

    class Move(models.TextChoices):
        OPENED = "opened"
        REOPENED = "reopened"
        WITHDRAWN = "withdrawn"
        VERIFIED = "verified"
        STATED = "stated"  # closed by a reviewed statement
        REVISED = "revised"  # certainty, priority or due date
        RESTATED = "restated"  # the verdict's grounds changed, and the exposure stays

    run = models.ForeignKey(MatchRun, on_delete=models.CASCADE, related_name="moves", db_index=False)
    component = models.ForeignKey(
        "assets.Component", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    vulnerability = models.ForeignKey(
        "intelligence.Vulnerability", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    exposure = models.ForeignKey(Exposure, on_delete=models.CASCADE, related_name="+", db_index=False)
    verdict = models.ForeignKey(
        VerdictChange, on_delete=models.CASCADE, null=True, blank=True, related_name="moves"
    )
    move = models.CharField(max_length=10, choices=Move.choices)
    n = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["run", "body", "vulnerability", "component", "move"], name="one_move_each"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.body_id} {self.vulnerability_id} {self.move} {self.n}"
