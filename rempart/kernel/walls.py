"""The second wall behind ``Scope``: PostgreSQL itself refuses the rows of other bodies.

While a request of an actor who does not act for the whole government runs, its connection plays a role
(``ROLE``) that row-level security binds, and a setting of the connection names the actor's bodies. A query
that forgot its scope then finds nothing, and a write to another body's row is refused. The platform's own
work (worker, command line, migrations) and the government's own people play the tables' owner, whom no policy
slows. See docs/decisions/0009. On SQLite there is one wall: ``Scope``.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

from rempart.kernel.actors import Actor
from rempart.kernel.health import FAILURE, WARNING, Finding, check
from rempart.kernel.scoping import BodyOwned, BodyPrivate, SharedByChoice, SharedOrOwned, SharedOrPrivate

log = logging.getLogger("rempart.walls")

ROLE = "rempart_bounded"
_POLICY = "own_bodies"
_APPLY = (
    "SELECT set_config('role', %s, false), set_config('rempart.bodies', %s, false),"
    " set_config('rempart.own_bodies', %s, false)"
)
# The subquery is evaluated once and hashed; without the setting, there is no body.
_AMONG = "body_id IN (SELECT unnest(NULLIF(current_setting('{}', true), '')::bigint[]))"
_OWN = _AMONG.format("rempart.bodies")
_PRIVATE = _AMONG.format("rempart.own_bodies")
_OWN_OR_SHARED = f"body_id IS NULL OR {_OWN}"
_PRIVATE_OR_SHARED = f"body_id IS NULL OR {_PRIVATE}"
_PRIVATE_OR_CHOSEN = f"{_PRIVATE_OR_SHARED} OR (shared AND {_OWN})"

# The bodies whose rows are there, and among them those whose private rows are too.
_Bounds = tuple[frozenset[int], frozenset[int]]
_bounds: ContextVar[_Bounds | None] = ContextVar("bounds", default=None)


@contextmanager
def within(actor: Actor) -> Iterator[None]:
    """Holds this thread's connection to the actor's bodies for the time of the block."""
    reach = actor.reach
    if reach.everything or not standing():
        yield
        return
    with _bounded((reach.bodies, actor.own_reach.bodies)):
        yield


@contextmanager
def lifted() -> Iterator[None]:
    """The platform's own work in the middle of a request: what crosses bodies by design."""
    if _bounds.get() is None:
        yield
        return
    with _bounded(None):
        yield


@contextmanager
def _bounded(bounds: _Bounds | None) -> Iterator[None]:
    before = _bounds.set(bounds)
    try:
        _apply()
        yield
    finally:
        _bounds.reset(before)
        _restore()


def _apply() -> None:
    """Tells the open connection its bounds; one that opens later is told then."""
    raw = connection.connection
    if raw is None:
        return
    bounds = _bounds.get()
    role = "none" if bounds is None else ROLE
    told = ["", ""] if bounds is None else [f"{{{','.join(map(str, sorted(each)))}}}" for each in bounds]
    with connection.wrap_database_errors:
        raw.execute(_APPLY, [role, *told])


def _restore() -> None:
    """Puts the former bounds back. A transaction that failed does so as it is rolled back."""
    raw = connection.connection
    if raw is None or raw.closed or raw.info.transaction_status.name == "INERROR":
        return
    try:
        _apply()
    except DatabaseError:
        log.warning("a connection could not be given its bounds back: it is closed", exc_info=True)
        connection.close()


def on_connection(**_more: Any) -> None:
    """A connection that opens in the middle of a request is bound like the one it replaces."""
    if _bounds.get() is not None:
        _apply()


@cache
def standing() -> bool:
    """Whether this database has the wall, asked once: who makes the role starts the platform again."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_has_role(oid, 'MEMBER') FROM pg_roles WHERE rolname = %s", [ROLE])
        found = cursor.fetchone()
    return bool(found and found[0])


def tables() -> dict[str, str]:
    """The tables with rows of bodies, and the condition on a row: the models of ``scoping``."""
    conditions = {}
    for model in apps.get_models():
        if issubclass(model, BodyPrivate):
            conditions[model._meta.db_table] = _PRIVATE
        elif issubclass(model, BodyOwned):
            conditions[model._meta.db_table] = _OWN
        elif issubclass(model, SharedOrOwned):
            conditions[model._meta.db_table] = _OWN_OR_SHARED
        elif issubclass(model, SharedByChoice):
            conditions[model._meta.db_table] = _PRIVATE_OR_CHOSEN
        elif issubclass(model, SharedOrPrivate):
            conditions[model._meta.db_table] = _PRIVATE_OR_SHARED
    # The audit trail also tells of what belongs to no body.
    return conditions | {"kernel_auditentry": _OWN_OR_SHARED}


def unguarded() -> list[str]:
    """Those of the tables, as far as they are made, without a policy or with row-level security off."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace"
            " AND c.relname = ANY(%s) AND NOT (c.relrowsecurity AND EXISTS ("
            "SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = %s)) ORDER BY c.relname",
            [list(tables()), _POLICY],
        )
        return [row[0] for row in cursor.fetchall()]


@check("walls")
def _second_wall() -> Iterator[Finding]:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT u.rolname, u.rolsuper, b.oid IS NOT NULL AND pg_has_role(b.oid, 'MEMBER'),"
            " COALESCE(b.rolsuper OR b.rolbypassrls, FALSE),"
            " EXISTS (SELECT 1 FROM pg_class c WHERE c.relname = ANY(%s) AND c.relkind = 'r'"
            "  AND c.relnamespace = current_schema()::regnamespace AND NOT pg_has_role(c.relowner, 'USAGE'))"
            " FROM pg_roles u LEFT JOIN pg_roles b ON b.rolname = %s WHERE u.rolname = CURRENT_USER",
            [list(tables()), ROLE],
        )
        user, superuser, plays, bypasses, stranger = cursor.fetchone()
    if stranger:
        yield Finding(
            "walls",
            FAILURE,
            _("Le rôle %(role)s ne possède pas les tables : la plateforme n’y verrait rien.")
            % {"role": user},
            _("Connectez-vous avec le rôle qui a lancé « rempart init »."),
        )
    if not plays:
        yield Finding(
            "walls",
            WARNING,
            _("Le second mur manque : le rôle %(user)s ne peut jouer %(role)s.")
            % {"user": user, "role": ROLE},
            f"CREATE ROLE {ROLE} NOLOGIN; GRANT {ROLE} TO {user};",
        )
    if bypasses:
        yield Finding(
            "walls",
            WARNING,
            _("Le second mur ne tient pas : le rôle %(role)s passe outre les politiques.") % {"role": ROLE},
            f"ALTER ROLE {ROLE} NOSUPERUSER NOBYPASSRLS;",
        )
    if superuser:
        yield Finding(
            "walls",
            WARNING,
            _("La plateforme se connecte comme superutilisateur de PostgreSQL (%(role)s).") % {"role": user},
            f"ALTER ROLE {user} NOSUPERUSER;",
        )
    bare = unguarded()
    if bare:
        yield Finding(
            "walls",
            WARNING,
            _("Sans politique de sécurité par ligne : %(tables)s.") % {"tables": ", ".join(bare)},
            _("Lancez « rempart init »."),
        )


def build(**_more: Any) -> None:
    """After the migrations: the role if it may be made, its rights, and the policies that are missing."""
    if connection.vendor != "postgresql":
        return
    _make_role()
    conditions = tables()
    with connection.cursor() as cursor:
        for table in unguarded():
            cursor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            cursor.execute(f"DROP POLICY IF EXISTS {_POLICY} ON {table}")
            cursor.execute(f"CREATE POLICY {_POLICY} ON {table} USING ({conditions[table]})")
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE])
        if cursor.fetchone():
            _grant(cursor)
    standing.cache_clear()


def _make_role() -> None:
    """Where the connected role may not make one, the database's administrator does (docs/operations.md)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE])
        if cursor.fetchone():
            return
        # Another database of the server may be making it at this moment: the role is common to them.
        with contextlib.suppress(DatabaseError), transaction.atomic():
            cursor.execute(f"CREATE ROLE {ROLE} NOLOGIN")
            cursor.execute(f"GRANT {ROLE} TO CURRENT_USER")


def _grant(cursor: Any) -> None:
    """The rights of the platform's own tables, where some are missing: what rows they reach, policies say."""
    names = [model._meta.db_table for model in apps.get_models(include_auto_created=True)]
    names += [
        each["LOCATION"] for each in settings.CACHES.values() if each["BACKEND"].endswith("DatabaseCache")
    ]
    cursor.execute(
        "SELECT c.oid::regclass::text, pg_get_serial_sequence(c.oid::regclass::text, a.attname)"
        " FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attidentity <> ''"
        " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname = ANY(%s)"
        " AND NOT has_table_privilege(%s, c.oid, 'DELETE')",
        [names, ROLE],
    )
    lacking = cursor.fetchall()
    for table, sequence in lacking:
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {ROLE}")
        if sequence:
            cursor.execute(f"GRANT USAGE ON SEQUENCE {sequence} TO {ROLE}")
    if lacking:
        cursor.execute("SELECT quote_ident(current_schema())")
        (schema,) = cursor.fetchone()
        cursor.execute(f"GRANT USAGE ON SCHEMA {schema} TO {ROLE}")
