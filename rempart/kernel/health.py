"""Whether the platform works, in words: each part registers its own checks with ``check``."""

from __future__ import annotations

import logging
import shutil
import smtplib
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _
from django.utils.translation import override

from rempart.kernel import backup, queries
from rempart.kernel.time import now

log = logging.getLogger("rempart.health")

OK, WARNING, FAILURE = "ok", "warning", "failure"
_LEAST_FREE = 1024**3  # bytes
_LATE = timedelta(minutes=10)


@dataclass(frozen=True)
class Finding:
    """What a check found. ``state`` is ok, warning or failure; ``mend`` says how to mend it."""

    name: str
    state: str
    message: str
    mend: str = ""


Check = Callable[[], Iterable[Finding]]
_checks: dict[str, Check] = {}


def check(name: str) -> Callable[[Check], Check]:
    """Registers a check. It yields findings in the language in force; an exception counts as a failure."""

    def register(function: Check) -> Check:
        _checks[name] = function
        return function

    return register


def examine(language: str = "fr") -> list[Finding]:
    """Runs every check, each safe from the others' failure."""
    found: list[Finding] = []
    with override(language):
        for name, function in _checks.items():
            try:
                found += list(function()) or [Finding(name, OK, _("Rien à signaler."))]
            except DatabaseError:
                message = _("Non vérifié : la base de données ne se lit pas.")
                found.append(Finding(name, FAILURE, message, _("Voyez « database ».")))
            except Exception as error:
                log.info("check %s failed", name, exc_info=True)
                message = _("La vérification a échoué : %(error)s.") % {"error": type(error).__name__}
                found.append(Finding(name, FAILURE, message, _("Voyez le journal du serveur.")))
    return found


def database_ready() -> bool:
    """Whether the database answers and every migration is applied."""
    try:
        return not _unapplied()
    except DatabaseError:
        return False


def worker_alive() -> bool:
    """Whether a worker gave a sign of life within a minute."""
    return any(worker.alive for worker in queries.workers())


def _unapplied() -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


@check("database")
def _database() -> Iterator[Finding]:
    if damage := backup.damage_of_database():
        yield Finding(
            "database",
            FAILURE,
            _("La base de données est abîmée (%(damage)s).") % {"damage": damage},
            _(
                "Arrêtez la plateforme, lancez « rempart restore » avec la dernière sauvegarde saine, "
                "puis faites vérifier le disque."
            ),
        )
        return
    try:
        waiting = _unapplied()
    except DatabaseError as error:
        yield Finding(
            "database",
            FAILURE,
            _("La base de données ne répond pas (%(error)s).") % {"error": type(error).__name__},
            _("Vérifiez REMPART_DATABASE_URL et que le serveur de base de données fonctionne."),
        )
        return
    if waiting:
        yield Finding(
            "database",
            FAILURE,
            _("%(count)d migration(s) à appliquer : %(names)s.")
            % {"count": len(waiting), "names": ", ".join(waiting[:5])},
            _("Lancez « rempart init »."),
        )
    else:
        yield Finding("database", OK, _("La base répond (%(kind)s), à jour.") % {"kind": connection.vendor})


@check("worker")
def _worker() -> Iterator[Finding]:
    alive = [worker.name for worker in queries.workers() if worker.alive]
    if not alive:
        yield Finding(
            "worker",
            FAILURE,
            _("Aucun exécutant ne donne signe de vie : ni envois, ni mises à jour."),
            _("Lancez « rempart worker », ou redémarrez « rempart serve »."),
        )
    else:
        yield Finding("worker", OK, _("%(count)d worker(s) en activité.") % {"count": len(alive)})
    waiting = queries.backlog()
    if waiting.parked:
        yield Finding(
            "outbox",
            FAILURE,
            _("%(count)d événement(s) en échec répété.") % {"count": waiting.parked},
            _("Ouvrez la page Exploitation, lisez l’erreur et reprenez-les."),
        )
    late = [
        at for at in (waiting.oldest, queries.oldest_waiting_job()) if at is not None and now() - at > _LATE
    ]
    if late:
        minutes = int((now() - min(late)).total_seconds() // 60)
        yield Finding(
            "backlog",
            WARNING,
            _("Du travail attend depuis %(minutes)d minutes.") % {"minutes": minutes},
            _("Ajoutez un worker, ou voyez sur la page Exploitation ce qui le retient."),
        )
    failed = queries.job_counts().get("FAILED", 0)
    if failed:
        yield Finding(
            "jobs",
            WARNING,
            _("%(count)d tâche(s) en échec.") % {"count": failed},
            _("Ouvrez la page Exploitation, lisez l’erreur et reprenez-les."),
        )


@check("mail")
def _mail() -> Iterator[Finding]:
    if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        yield Finding("mail", WARNING, _("Les courriels ne partent pas : ils sont gardés sur place."))
        return
    server = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    try:
        with smtplib.SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=5) as smtp:
            smtp.noop()
    except (OSError, smtplib.SMTPException):
        yield Finding(
            "mail",
            FAILURE,
            _("Le serveur de courriel %(server)s ne répond pas.") % {"server": server},
            _("Vérifiez REMPART_SMTP_HOST et REMPART_SMTP_PORT."),
        )
    else:
        yield Finding("mail", OK, _("Le serveur de courriel %(server)s répond.") % {"server": server})


@check("secrets")
def _secrets() -> Iterator[Finding]:
    path = Path(settings.VAR) / "secret_key"
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Finding(
            "secrets",
            FAILURE,
            _("D’autres comptes du système peuvent lire la clé secrète."),
            f"chmod 600 {path}",
        )
    if settings.DEBUG:
        yield Finding(
            "secrets",
            FAILURE,
            _("Le mode de débogage est actif."),
            _("Retirez REMPART_DEBUG de l’environnement."),
        )
    if not settings.HTTPS and not settings.PUBLIC_URL.startswith(("http://localhost", "http://127.")):
        yield Finding(
            "secrets",
            FAILURE,
            _("L’adresse publique n’est pas en https."),
            _("Placez un mandataire TLS devant la plateforme et donnez REMPART_PUBLIC_URL en https."),
        )


@check("disk")
def _disk() -> Iterator[Finding]:
    usage = shutil.disk_usage(settings.VAR)
    if usage.free < _LEAST_FREE:
        yield Finding(
            "disk",
            FAILURE if usage.free < _LEAST_FREE // 10 else WARNING,
            _("Il reste %(free)d Mo sur le disque des données.") % {"free": usage.free // 1024**2},
            _("Libérez de l’espace ou déplacez REMPART_VAR."),
        )


@check("restore")
def _restore() -> Iterator[Finding]:
    if backup.left_by_a_killed_restore():
        yield Finding(
            "restore",
            WARNING,
            _(
                "Une restauration s’est arrêtée en chemin : la base présente est entière, "
                "une copie en clair reste."
            ),
            _("Lancez-la de nouveau : « rempart restore »."),
        )


@check("clock")
def _clock() -> Iterator[Finding]:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        theirs: datetime = cursor.fetchone()[0]
    gap = abs((datetime.now(UTC) - theirs).total_seconds())
    if gap > 5:
        yield Finding(
            "clock",
            FAILURE,
            _("L’horloge s’écarte de %(seconds)d s de celle de la base de données.") % {"seconds": int(gap)},
            _("Réglez les deux machines sur un serveur de temps (NTP)."),
        )


@check("files")
def _files() -> Iterator[Finding]:
    if not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        yield Finding(
            "files", FAILURE, _("Les fichiers statiques ne sont pas préparés."), _("Lancez « rempart init ».")
        )
    package = Path(__file__).resolve().parents[1]
    stale = [po for po in package.glob("*/locale/*/LC_MESSAGES/*.po") if _older(po.with_suffix(".mo"), po)]
    if stale:
        yield Finding(
            "files",
            WARNING,
            _("%(count)d catalogue(s) de traduction à compiler.") % {"count": len(stale)},
            _("Lancez « rempart init »."),
        )


def _older(path: Path, source: Path) -> bool:
    return not path.exists() or path.stat().st_mtime < source.stat().st_mtime


def as_rows(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """The findings as JSON shows them."""
    return [{"name": f.name, "state": f.state, "message": f.message, "mend": f.mend} for f in findings]
