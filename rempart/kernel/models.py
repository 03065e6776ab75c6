"""Accounts and rights, the audit trail, the outbox of events, and jobs."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from rempart.kernel.permissions import Role


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """Someone who signs in. Their grants say what they may do; ``organisations.Person``, who they are."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    language = models.CharField(max_length=2, choices=[("fr", "Français"), ("en", "English")], default="fr")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    preferences = models.JSONField(default=dict)  # columns chosen, thresholds of the interface

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_staff(self) -> bool:
        return False

    def get_full_name(self) -> str:
        return self.name


class RoleGrant(models.Model):
    """A role held by a user over one branch of the organisations' tree, for a period."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="role_grants")
    role = models.CharField(max_length=32, choices=[(role.value, role.value) for role in Role])
    organisation = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "role", "organisation"], name="one_grant_per_place"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} {self.organisation_id}"


class ApiToken(models.Model):
    """A key for programs: some of its owner's rights, over a branch, until a date; kept as a hash."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    permissions = models.JSONField(default=list)
    organisation = models.ForeignKey(
        "organisations.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}"


class IdempotencyKey(models.Model):
    """The answer given to a request that carried an Idempotency-Key, replayed if it comes again."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    response = models.JSONField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "key"], name="one_answer_per_key")]

    def __str__(self) -> str:
        return self.key


class AuditEntry(models.Model):
    """One action that changed state. Each entry's hash covers the one before: a change anywhere shows."""

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=254)
    actor_kind = models.CharField(max_length=10)
    action = models.CharField(max_length=64)
    object_type = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64)
    object_label = models.CharField(max_length=200)
    body_id = models.BigIntegerField(null=True)
    on_behalf_of = models.CharField(max_length=200, blank=True)
    reason = models.TextField(blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    origin = models.JSONField(default=dict)  # request id, address, token: where the action came from
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["object_type", "object_id"], name="audit_object"),
            models.Index(fields=["body_id", "seq"], name="audit_body"),
            models.Index(fields=["actor_id", "seq"], name="audit_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.action} {self.object_label}"


class AuditHead(models.Model):
    """The end of the chain (a single row), locked by whoever adds the next entry."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    def __str__(self) -> str:
        return str(self.seq)


class OutboxEvent(models.Model):
    """Something that happened, written in the transaction in which it happened, dispatched by the worker."""

    kind = models.CharField(max_length=64)
    aggregate = models.CharField(max_length=100)  # events of one aggregate are dispatched in their order
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    dispatched_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)  # claims, those of workers that died included
    failures = models.PositiveSmallIntegerField(default=0)  # claims that ended with an error
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    parked = models.BooleanField(default=False)  # failed too often; an operator decides

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["aggregate", "id"],
                name="outbox_pending",
                condition=models.Q(dispatched_at__isnull=True),
            ),
            # What waits, in its order, however many events are kept after they were dispatched.
            models.Index(fields=["dispatched_at", "id"], name="outbox_undispatched"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.kind}"


class ReactionDone(models.Model):
    """A reaction that ran for an event, written in its own transaction: it never runs twice."""

    event = models.ForeignKey(OutboxEvent, on_delete=models.CASCADE, related_name="reactions_done")
    reaction = models.CharField(max_length=120)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["event", "reaction"], name="reaction_once_per_event"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.reaction}"


class Job(models.Model):
    """A unit of background work. A worker holds it by a lease; a dead worker's job is taken up again."""

    class State(models.TextChoices):
        READY = "READY"
        RUNNING = "RUNNING"
        SUCCESSFUL = "SUCCESSFUL"
        FAILED = "FAILED"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    task_path = models.CharField(max_length=200)
    queue = models.CharField(max_length=32, default="default")
    priority = models.SmallIntegerField(default=0)
    args = models.JSONField(default=list)
    kwargs = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State.choices, default=State.READY)
    enqueued_at = models.DateTimeField()
    run_after = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=64, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)  # claims, those of workers that died included
    failures = models.PositiveSmallIntegerField(default=0)  # claims that ended with an error
    progress_done = models.BigIntegerField(default=0)
    progress_total = models.BigIntegerField(default=0)
    progress_note = models.CharField(max_length=200, blank=True)
    result = models.JSONField(null=True)
    errors = models.JSONField(default=list)
    dedupe_key = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["-priority", "run_after"],
                name="job_waiting",
                condition=models.Q(finished_at__isnull=True),
            ),
            models.Index(fields=["-enqueued_at"], name="job_recent"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["dedupe_key"],
                name="one_waiting_job_per_key",
                condition=models.Q(state="READY") & ~models.Q(dedupe_key=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task_path} {self.state}"


class Heartbeat(models.Model):
    """The last sign of life of each worker and the last run of each scheduled task."""

    name = models.CharField(max_length=100, primary_key=True)
    at = models.DateTimeField()
    detail = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.name
