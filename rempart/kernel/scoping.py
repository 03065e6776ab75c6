"""Rows that belong to a body, and the one way to read them: only those the actor may see."""

from __future__ import annotations

from typing import Any, Self

from django.db import models

from rempart.kernel.actors import Actor, Scope
from rempart.kernel.permissions import Permission
from rempart.kernel.sql import ids


def condition(scope: Scope, column: str) -> str:
    """What ``visible_to`` keeps, for SQL written by hand: a condition on the column of the bodies' ids."""
    if scope.everything:
        return "1 = 1"
    return f"{column} IN ({ids(sorted(scope.bodies))})"


class ScopedQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor, permission: Permission) -> Self:
        """Keeps the rows of the bodies over which the actor holds the permission."""
        scope = actor.scope(permission)
        if scope.everything:
            return self
        if not scope.bodies:
            return self.none()
        path = self.model.scope_path
        if len(scope.bodies) == 1:
            return self.filter(**{path: next(iter(scope.bodies))})
        return self.filter(**{f"{path}__in": sorted(scope.bodies)})


ScopedManager = models.Manager.from_queryset(ScopedQuerySet)


class BodyOwned(models.Model):
    """A row that belongs to one body; ``scope_path`` leads to the body's id."""

    scope_path = "body_id"

    body = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")

    objects = ScopedManager()

    class Meta:
        abstract = True


class BodyPrivate(BodyOwned):
    """A row that only the people of its body see, whatever the rights of the centres above it.

    Read it with a right of ``permissions.WITHIN_A_BODY``; behind, the second wall keeps it from those who
    hold none of them in the body.
    """

    class Meta:
        abstract = True


class SharedOrOwnedQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor, permission: Permission) -> Self:
        """Keeps what belongs to all, and the rows of the bodies over which the actor holds the permission."""
        scope = actor.scope(permission)
        if scope.everything:
            return self
        if not scope.bodies:
            return self.none()
        return self.filter(models.Q(body=None) | models.Q(body__in=sorted(scope.bodies)))


SharedOrOwnedManager = models.Manager.from_queryset(SharedOrOwnedQuerySet)


class SharedOrOwned(models.Model):
    """A row that belongs to one body, or to all of them when it names none."""

    body = models.ForeignKey(
        "organisations.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = SharedOrOwnedManager()

    class Meta:
        abstract = True


class SharedOrPrivateQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor, permission: Permission) -> Self:
        """Keeps what belongs to all, the private rows of the actor's own bodies, and what bodies share.

        Own: those over which the actor also holds the right to read what stays in a body.
        """
        scope, own = actor.scope(permission), actor.scope(Permission.TELEMETRY_READ)
        if scope.everything and own.everything:
            return self
        if not scope:
            return self.none()
        kept = models.Q(body=None)
        private = own.bodies if scope.everything else scope.bodies & own.bodies
        if private:
            kept |= models.Q(body__in=sorted(private))
        if issubclass(self.model, SharedByChoice):
            reach = models.Q() if scope.everything else models.Q(body__in=sorted(scope.bodies))
            kept |= models.Q(shared=True) & reach
        return self.filter(kept)


SharedOrPrivateManager = models.Manager.from_queryset(SharedOrPrivateQuerySet)


class SharedOrPrivate(models.Model):
    """A row that belongs to all when it names no body, and else is read by that body's own people alone."""

    body = models.ForeignKey(
        "organisations.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = SharedOrPrivateManager()

    class Meta:
        abstract = True


class SharedByChoice(SharedOrPrivate):
    """The same, until the body chooses that whoever may see the body reads it."""

    shared = models.BooleanField(default=False)

    class Meta:
        abstract = True
