"""What is known of vulnerabilities, from which feed, as of when; and what could not be read."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Vulnerability(models.Model):
    """One CVE: its facts of the moment, each with its source and date in ``facts``.

    ``first_seen_at`` is when the platform first learnt of it: the start of the clock "publication → alert"
    when the publication itself is older than the platform's watch.
    """

    cve_id = models.CharField(
        max_length=120, unique=True
    )  # a publisher's own identifier where there is no CVE
    state = models.CharField(max_length=12, default="PUBLISHED")
    title = models.CharField(max_length=500, blank=True)
    description = models.TextField(blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(null=True, blank=True)
    first_seen_at = models.DateTimeField()
    assigner = models.CharField(max_length=100, blank=True)
    cvss_score = models.FloatField(null=True, blank=True)
    cvss_version = models.CharField(max_length=5, blank=True)
    cvss_severity = models.CharField(max_length=10, blank=True)
    cvss_vector = models.CharField(max_length=300, blank=True)
    cvss_source = models.CharField(max_length=100, blank=True)
    exploitation = models.CharField(max_length=8, default="none")  # none | poc | active
    exploitation_source = models.CharField(max_length=100, blank=True)  # "kev", or the SSVC's source
    ssvc_exploitation = models.CharField(
        max_length=8, blank=True
    )  # what the SSVC says, whatever the catalogue says
    ssvc_source = models.CharField(max_length=100, blank=True)
    automatable = models.CharField(max_length=4, blank=True)  # no | yes | ''
    technical_impact = models.CharField(max_length=8, blank=True)
    ssvc_at = models.DateTimeField(null=True, blank=True)
    epss = models.FloatField(null=True, blank=True)
    epss_percentile = models.FloatField(null=True, blank=True)
    epss_on = models.DateField(null=True, blank=True)
    kev_added_on = models.DateField(null=True, blank=True)
    kev_due_on = models.DateField(null=True, blank=True)
    kev_seen_at = models.DateTimeField(
        null=True, blank=True
    )  # when the platform learnt of the catalogue's entry
    kev_name = models.CharField(max_length=500, blank=True)
    kev_vendor = models.CharField(max_length=200, blank=True)
    kev_product = models.CharField(max_length=300, blank=True)
    kev_action = models.TextField(blank=True)
    kev_ransomware = models.BooleanField(default=False)
    kev_description = models.TextField(blank=True)
    kev_notes = models.TextField(blank=True)
    cwes = models.JSONField(default=list)
    references = models.JSONField(default=list)
    metrics = models.JSONField(default=list)  # every CVSS score: source, version, score, severity, vector
    warnings = models.JSONField(default=list)  # what a source says that is not believed: code, field, value
    record_digest = models.CharField(max_length=64, blank=True)  # of the CVE record; empty: none was read
    affected_digest = models.CharField(max_length=64, blank=True)  # of the CVE record's product statements

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["-kev_added_on"],
                name="vulnerability_kev",
                condition=models.Q(kev_added_on__isnull=False),
            ),
            models.Index(
                fields=["kev_due_on"],
                name="vulnerability_kev_due",
                condition=models.Q(kev_due_on__isnull=False),
            ),
            models.Index(fields=["-first_seen_at"], name="vulnerability_seen"),
            models.Index(fields=["-published_at"], name="vulnerability_published"),
            models.Index(fields=["-cvss_score"], name="vulnerability_cvss"),
        ]

    def __str__(self) -> str:
        return self.cve_id


class AffectedProduct(models.Model):
    """One source's statement about one product: ``engines.exposure.model.Affected``, stored.

    ``statement`` is that dataclass as JSON; ``keys`` are its identity keys, one row each in ``AffectedKey``.
    """

    vulnerability = models.ForeignKey(Vulnerability, on_delete=models.CASCADE, related_name="affected")
    position = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=120)
    vendor = models.CharField(max_length=300, blank=True)
    product = models.CharField(max_length=500, blank=True)
    statement = models.JSONField()
    advisory = models.ForeignKey("Advisory", on_delete=models.CASCADE, null=True, related_name="affected")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["vulnerability", "position"], name="affected_order")]

    def __str__(self) -> str:
        return f"{self.vendor} {self.product}"


class AffectedKey(models.Model):
    """An identity key of an affected product: how a component finds the statements that concern it."""

    key = models.CharField(max_length=300)
    vulnerability = models.ForeignKey(Vulnerability, on_delete=models.CASCADE, related_name="+")
    affected = models.ForeignKey(AffectedProduct, on_delete=models.CASCADE, related_name="keys")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["key", "vulnerability"], name="affected_by_key")]

    def __str__(self) -> str:
        return self.key


class UnreadRange(models.Model):
    """A range of a statement that no version can be compared with, and why (``engines.exposure.unread``)."""

    affected = models.ForeignKey(AffectedProduct, on_delete=models.CASCADE, related_name="unread")
    vulnerability = models.ForeignKey(Vulnerability, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=30)
    text = models.CharField(max_length=200)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["reason", "vulnerability"], name="unread_by_reason")]

    def __str__(self) -> str:
        return f"{self.reason} {self.text}"


class EpssYear(models.Model):
    """The last EPSS scores of one year's CVEs, packed: most CVEs scored are not known here, until one is.

    ``packed`` is zlib over JSON: ``{"number": [score, percentile]}``. See ``commands/epss.py``.
    """

    year = models.PositiveSmallIntegerField(unique=True)
    scored_on = models.DateField()
    packed = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.year}: {self.scored_on}"


class Advisory(models.Model):
    """A publisher's advisory (CSAF): one document about one or several vulnerabilities."""

    publisher = models.CharField(max_length=200)
    tracking_id = models.CharField(max_length=200)
    version = models.CharField(max_length=40)
    title = models.CharField(max_length=500)
    status = models.CharField(max_length=20)
    marking = models.CharField(max_length=20, default="TLP:CLEAR")
    released_at = models.DateTimeField(null=True)
    first_seen_at = models.DateTimeField()
    digest = models.CharField(max_length=64)
    source_url = models.CharField(max_length=500, blank=True)
    signature = models.CharField(max_length=20, default="none")  # none | valid | invalid | unknown_key
    vulnerabilities = models.ManyToManyField(Vulnerability, related_name="advisories")
    detail = models.JSONField(default=dict)  # remediations, notes

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["publisher", "tracking_id"], name="one_advisory_per_id"),
        ]

    def __str__(self) -> str:
        return self.tracking_id


class Feed(models.Model):
    """A source of records: where it is, how far it was read, whether it works."""

    class Kind(models.TextChoices):
        KEV = "kev"
        CVE = "cve"
        EPSS = "epss"
        CSAF = "csaf"
        OSV = "osv"
        EOL = "eol"  # support dates
        VEX = "vex"  # suppliers' statements

    name = models.SlugField(max_length=60, unique=True)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    location = models.CharField(max_length=500)  # an address, or a path
    enabled = models.BooleanField(default=True)
    interval_minutes = models.PositiveIntegerField(default=60)
    http_state = models.JSONField(default=dict)  # ETag, Last-Modified, part file: see kernel.http.FetchState
    cursor = models.JSONField(default=dict)  # how far the content was read
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_change_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    failures = models.PositiveSmallIntegerField(default=0)  # in a row: each doubles the wait
    authors = models.JSONField(default=dict)  # of VEX documents: name → whether it is accepted
    records_as_of = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class FeedRun(models.Model):
    """One reading of a feed."""

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="runs")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=12, default="running")  # running | changed | unchanged | failed
    read = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["feed", "-started_at"], name="feedrun_recent")]

    def __str__(self) -> str:
        return f"{self.feed_id} {self.started_at}"


class Quarantined(models.Model):
    """A record that could not be read, with its reason; it leaves when a later reading of it succeeds."""

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="quarantine")
    where = models.CharField(max_length=500)  # file:line or archive!member
    record_id = models.CharField(max_length=200, blank=True)
    field = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500)
    excerpt = models.TextField(blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["feed", "where"], name="one_quarantine_per_place")
        ]

    def __str__(self) -> str:
        return self.where


class LifecycleProduct(models.Model):
    """A product whose support dates are published: ``engines.lifecycle.Lifecycle``, stored."""

    slug = models.CharField(max_length=100, unique=True)
    title = models.CharField(max_length=300)
    category = models.CharField(max_length=60, blank=True)
    link = models.CharField(max_length=300, blank=True)
    identifiers = models.JSONField(default=list)  # purl, CPE, "repology:name"
    digest = models.CharField(max_length=64)  # of what was read: equal, nothing to write
    read_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.title


class LifecycleCycle(models.Model):
    """One release cycle and the ends of its support: a day, or only whether it is past."""

    product = models.ForeignKey(LifecycleProduct, on_delete=models.CASCADE, related_name="cycles")
    name = models.CharField(max_length=300)
    label = models.CharField(max_length=300, blank=True)
    codename = models.CharField(max_length=300, blank=True)
    position = models.PositiveSmallIntegerField()
    released_on = models.DateField(null=True, blank=True)
    active_on = models.DateField(null=True, blank=True)
    active_past = models.BooleanField(null=True)
    security_on = models.DateField(null=True, blank=True)
    security_past = models.BooleanField(null=True)
    extended_on = models.DateField(null=True, blank=True)
    extended_past = models.BooleanField(null=True)
    discontinued_on = models.DateField(null=True, blank=True)
    discontinued_past = models.BooleanField(null=True)
    latest = models.CharField(max_length=300, blank=True)
    long_term = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["product", "name"], name="one_cycle_per_name"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.name}"
