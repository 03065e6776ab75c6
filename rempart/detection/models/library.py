"""Rules with their versions and test cases, filters of bodies, signed packs, and who runs which.

A row without a body belongs to the whole government.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from rempart.kernel.markings import Marking
from rempart.kernel.scoping import BodyOwned, BodyPrivate, SharedByChoice, SharedOrOwned, SharedOrPrivate
from rempart.kernel.time import now


class RuleSource(SharedOrOwned):
    """A published set of rules that is read again and again, such as the releases of SigmaHQ."""

    name = models.SlugField(max_length=60)
    licence = models.CharField(max_length=200, blank=True)
    marking = models.CharField(max_length=20, choices=Marking.choices, default=Marking.CLEAR)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["name"], name="one_shared_source_per_name", condition=Q(body=None)
            ),
            models.UniqueConstraint(
                fields=["body", "name"], name="one_source_per_name_in_body", condition=~Q(body=None)
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Release(SharedOrPrivate):
    """One reading of a source: what it held and what it changed. A body's own stays in the body.

    ``counts``: read, added, changed, unchanged, restored, retired, held (waiting for a person), defective.
    ``defects``: the first of what could not be used, as [{"path", "rule", "reason"}].
    """

    source = models.ForeignKey(RuleSource, on_delete=models.CASCADE, related_name="releases")
    place = models.CharField(max_length=300)  # the folder's, file's or address's own name
    digest = models.CharField(max_length=64)
    read_at = models.DateTimeField(default=now)
    read_by = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    counts = models.JSONField(default=dict)
    defects = models.JSONField(default=list)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-read_at"], name="release_recent")]

    def __str__(self) -> str:
        return f"{self.source} {self.place}"


class Rule(SharedOrOwned):
    """A Sigma rule or correlation, as its version in force says (the latest, when none is yet).

    Of a body's own rule this is what leaves the body, as with each sighting: ``described`` says what is left
    out, and ``kept_path`` what ``path`` then is. Its versions and cases stay, until the body lets its centres
    read them (``shared``).

    ``key`` is its Sigma id, or "file:" and the path of a document that has none. ``techniques`` are padded
    with spaces (" T1059 T1059.001 ") to be looked for whole. ``upstream`` is the digest of the text that its
    source gave last: what a person changed here stays until the source changes it too.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed"  # no version was accepted yet
        ACTIVE = "active"
        RETIRED = "retired"  # its source no longer has it, or a person took it away

    class Verdict(models.TextChoices):
        OK = "ok"
        LISTS = "lists"  # asks for lists that each place has its own (``expand``)
        DEFECTIVE = "defective"

    source = models.ForeignKey(RuleSource, on_delete=models.PROTECT, null=True, related_name="rules")
    key = models.CharField(max_length=300)
    kind = models.CharField(max_length=12, default="rule")  # rule | correlation | filter | unknown
    title = models.CharField(max_length=300)
    level = models.CharField(max_length=15, blank=True)
    status = models.CharField(max_length=20, blank=True)
    product = models.CharField(max_length=100, blank=True)
    category = models.CharField(max_length=100, blank=True)
    service = models.CharField(max_length=100, blank=True)
    author = models.CharField(max_length=500, blank=True)
    licence = models.CharField(max_length=200, blank=True)
    marking = models.CharField(max_length=20, choices=Marking.choices, default=Marking.CLEAR)
    path = models.CharField(max_length=500, blank=True)
    tags = models.JSONField(default=list)
    techniques = models.TextField(blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PROPOSED)
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    reason = models.TextField(blank=True)  # why it is defective
    upstream = models.CharField(max_length=64, blank=True)
    current = models.ForeignKey(
        "detection.RuleVersion", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    waiting = models.PositiveSmallIntegerField(default=0)  # versions that wait for review
    cases = models.PositiveIntegerField(default=0)
    shared = models.BooleanField(default=False)
    first_seen_at = models.DateTimeField(default=now)
    changed_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key"], name="one_shared_rule_per_key", condition=Q(body=None)),
            models.UniqueConstraint(
                fields=["body", "key"], name="one_rule_per_key_in_body", condition=~Q(body=None)
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "title", "id"], name="rule_by_title"),
            models.Index(fields=["source", "state"], name="rule_of_source"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def private(self) -> bool:
        """Whether its texts and test cases stay in its body."""
        return self.body_id is not None and not self.shared


class RuleVersion(SharedByChoice):
    """A text of a rule, which never changes; who wrote it, why, and what became of it. ``name`` is how
    correlations may call it.

    ``tests``: {"passed", "failed", "failures": [{"case", "expected", "found"}]} of its last trial.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed"
        ACTIVE = "active"
        REFUSED = "refused"
        REPLACED = "replaced"

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    digest = models.CharField(max_length=64)
    verdict = models.CharField(max_length=12, choices=Rule.Verdict.choices)
    reason = models.TextField(blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PROPOSED)
    release = models.ForeignKey(Release, on_delete=models.SET_NULL, null=True, related_name="+")
    made_by = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=now)
    why = models.TextField(blank=True)
    reviewed_by = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)
    tests = models.JSONField(default=dict)
    tested_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rule", "number"], name="one_version_per_number"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["made_at"], name="version_waiting", condition=Q(state="proposed")),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} v{self.number}"


class Case(SharedByChoice):
    """Recorded events that a rule must match (``least`` times or more), or must not (``least`` is 0)."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="test_cases")
    name = models.CharField(max_length=200)
    least = models.PositiveIntegerField()
    events = models.JSONField()
    origin = models.CharField(max_length=500, blank=True)  # the recording's path in its release
    digest = models.CharField(max_length=64)
    made_by = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rule", "digest"], name="one_case_per_content"),
        ]

    def __str__(self) -> str:
        return self.name


class Tuning(BodyOwned):
    """What leaves a body of its filter: the rule, the reason's kind, the end, and the fields it compares.

    ``shape`` is ``tuning_shape.shape_of`` its text: nothing of what the filter looks for. ``made_as`` is the
    role of who proposed it; ``note`` is what someone outside the body said when they decided.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed"
        ACTIVE = "active"
        REFUSED = "refused"
        ENDED = "ended"  # taken away before its date
        EXPIRED = "expired"

    class Category(models.TextChoices):
        ADMINISTRATION = "administration"
        SOFTWARE = "software"
        TESTING = "testing"
        MAINTENANCE = "maintenance"
        RULE = "rule"
        OTHER = "other"

    rule = models.ForeignKey(Rule, on_delete=models.SET_NULL, null=True, related_name="tunings")
    shape = models.JSONField(default=dict)
    category = models.CharField(max_length=16, choices=Category.choices, default=Category.OTHER)
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.PROPOSED)
    made_by = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    made_as = models.CharField(max_length=20, blank=True)
    made_at = models.DateTimeField(default=now)
    reviewed_by = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["body", "state"], name="tuning_of_body"),
            models.Index(fields=["expires_at"], name="tuning_ends", condition=Q(state="active")),
        ]

    def __str__(self) -> str:
        # Goes to the audit trail, which centres read: nothing that the filter says.
        return f"{self.rule.title} ({self.pk})" if self.rule is not None else str(self.pk)


class TuningText(BodyPrivate):
    """What never leaves a body of its filter: the Sigma document, its title and id, why, and a note."""

    tuning = models.OneToOneField(Tuning, on_delete=models.CASCADE, related_name="+")
    title = models.CharField(max_length=300)
    key = models.CharField(max_length=100)  # the filter's own id
    text = models.TextField()
    reason = models.TextField()
    note = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["body", "key"], name="tuning_text_by_key")]

    def __str__(self) -> str:
        return str(self.tuning_id)


class Pack(SharedOrOwned):
    """A signed file of the rules in force, for one body or for all; ``contents`` is the digest of what it
    holds, whatever its number, so that nothing is signed twice. A body's are in ``PackFile``.
    """

    number = models.PositiveIntegerField(unique=True)
    digest = models.CharField(max_length=64, unique=True)
    contents = models.CharField(max_length=64, blank=True)
    key = models.CharField(max_length=64)  # the public key that proves it, in hexadecimal
    file = models.BinaryField()
    size = models.PositiveIntegerField()
    rules = models.PositiveIntegerField()
    filters = models.PositiveIntegerField()
    made_by = models.ForeignKey("kernel.User", on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"{self.number} {self.digest[:12]}"


class PackFile(BodyPrivate):
    """The file of a body's pack, which holds the body's filters: it goes to the body's own nodes alone."""

    pack = models.OneToOneField(Pack, on_delete=models.CASCADE, related_name="+")
    contents = models.CharField(max_length=64)
    file = models.BinaryField()

    def __str__(self) -> str:
        return str(self.pack_id)


class PackReport(BodyOwned):
    """What a node of a body said it runs: the last pack reported, and since when."""

    node = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    pack = models.ForeignKey(Pack, on_delete=models.SET_NULL, null=True, related_name="reports")
    rules = models.PositiveIntegerField(default=0)  # usable on that node
    defects = models.PositiveIntegerField(default=0)
    since = models.DateTimeField(default=now)  # this digest runs
    reported_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["body", "node"], name="one_report_per_node"),
        ]

    def __str__(self) -> str:
        return f"{self.node} {self.digest[:12]}"


class PackTrouble(BodyOwned):
    """A rule of its pack that a node said it cannot use, or not wholly: ``code`` says why, without a word of
    the rule (``troubles.CODES``). ``rule`` is the rule's key; "" for filters, whose own stay in the body.
    """

    report = models.ForeignKey(PackReport, on_delete=models.CASCADE, related_name="troubles")
    rule = models.CharField(max_length=300, blank=True)
    code = models.CharField(max_length=12)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["report", "rule", "code"], name="a_node_says_a_trouble_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["rule"], name="trouble_of_rule")]

    def __str__(self) -> str:
        return f"{self.rule} {self.code}"


class Technique(models.Model):
    """A technique of MITRE ATT&CK: its name, its tactics, and how many known groups use it."""

    code = models.CharField(max_length=12, unique=True)  # T1059.001
    name = models.CharField(max_length=200)
    tactics = models.JSONField(default=list)  # as ATT&CK shortens them: "defense-evasion"
    groups = models.PositiveIntegerField(default=0)
    version = models.CharField(max_length=40, blank=True)  # of the data set

    def __str__(self) -> str:
        return f"{self.code} {self.name}"
