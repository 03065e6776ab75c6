"""Inventories: previewed, then applied whole or not at all."""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from rempart.assets import jobs
from rempart.assets.commands.criticality import recompute_criticality
from rempart.assets.inventory.difference import difference, mark_moved, moved_assets
from rempart.assets.inventory.documents import read_document
from rempart.assets.inventory.merge import merge
from rempart.assets.inventory.sources import Request, read_inventory
from rempart.assets.inventory.stage import Target, staged
from rempart.assets.inventory.statement import Statement
from rempart.assets.models import Asset, ColumnMapping, Install, InventoryImport
from rempart.engines.inventories.machines.listings import LISTINGS
from rempart.kernel import audit, outbox
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, DomainError, Invalid, NotFound
from rempart.kernel.holding import hold_installs
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.kernel.uploads import safe_name

Progress = Callable[[int, str], None]

DEFAULT_SOURCE = "cmdb"
APPLIED_AT_ONCE = 20_000  # rows that a request may apply itself, in about a second
_SOURCE = re.compile(r"[\w][\w .:/@-]{0,59}")
_KEPT = timedelta(days=7)
_TOLD = 2_000  # assets that the event of an inventory names; of more, it speaks of the whole body


def spool_dir() -> Path:
    """Where files wait between their preview and their application."""
    return Path(settings.UPLOAD_DIR) / "inventories"


def preview_inventory(
    actor: Actor,
    *,
    body_id: int,
    path: Path | str,
    file_name: str,
    source: str = "",
    mapping: Mapping[str, str] | None = None,
    complete: bool = True,
    asset_key: str | None = None,
    observed_at: datetime | None = None,
    progress: Progress | None = None,
) -> InventoryImport:
    """Reads a file, validates it and says what applying it would change; adds only the preview itself.

    ``mapping`` (field → header), when absent, is the one remembered for this body and source, or guessed. The
    import keeps the file (copied to the spool unless it lies there) until it is applied or discarded, and the
    errors of rows. Raises ``Invalid`` when the file as a whole cannot be read, ``Conflict`` when it is older
    than what was applied.
    """
    actor.require(Permission.ASSET_WRITE, body_id)
    path = Path(path)
    asset_key = (asset_key or "").strip()
    source = _source(source)
    remembered = _remembered(body_id, source or DEFAULT_SOURCE)
    request = Request(body_id, path, safe_name(file_name), mapping, asset_key, remembered)
    statement = read_inventory(actor, request, progress)
    spooled = _spooled(path)
    previewed = InventoryImport(
        body_id=body_id,
        source=source or _default_source(statement),
        kind=statement.kind,
        file_name=request.file_name,
        file_path=str(spooled),
        sha256=_sha256(spooled),
        complete=complete and statement.complete,
        mapping=statement.mapping,
        state=InventoryImport.State.PREVIEWED,
        created_by_id=actor.user_id,
        created_at=now(),
        observed_at=min(observed_at or statement.made or now(), now()),
        rows=statement.rows,
        errors=statement.errors,
        error_count=statement.error_count,
    )
    try:
        with transaction.atomic():
            return _preview(actor, statement, previewed)
    except BaseException:
        if spooled != path:
            spooled.unlink(missing_ok=True)
        raise


def _preview(actor: Actor, statement: Statement, previewed: InventoryImport) -> InventoryImport:
    previewed.summary = {"asset_key": statement.asset_key, "per_asset": statement.per_asset}
    _refuse_older(previewed, statement)
    target = _target(previewed)
    previewed.summary = _summary(statement, target)
    if not statement.error_count:
        with staged(statement, target):
            found = difference(target)
        previewed.summary.update(found.counts, samples=found.samples)
    previewed.save()
    stated = {"source": previewed.source, "rows": statement.rows, "errors": statement.error_count}
    audit.record(actor, "assets.inventory_previewed", previewed, after=stated)
    return previewed


def _summary(statement: Statement, target: Target) -> dict[str, Any]:
    return {
        "asset_key": target.asset_key,
        "per_asset": target.per_asset,
        "duplicates": statement.duplicates,
        "headers": list(statement.headers),
        "warnings": statement.warnings,
        "warning_count": statement.warning_count,
    }


def apply_import(actor: Actor, *, import_id: int, progress: Progress | None = None) -> InventoryImport:
    """Applies a previewed inventory whole, in one transaction; its rows are validated again first.

    Raises ``NotFound``, ``Conflict`` (already applied, older than what was applied since, file gone), or
    ``Invalid`` with code ``rows_refused``: nothing changed then but the errors kept in the import.
    """
    waiting = _waiting(actor, import_id)
    path = Path(waiting.file_path)
    if not path.is_file() or _sha256(path) != waiting.sha256:
        raise _file_gone()
    target = _target(waiting)
    mapping = waiting.mapping or None
    request = Request(waiting.body_id, path, waiting.file_name, mapping, target.asset_key)
    statement = read_inventory(actor, request, progress)
    if statement.error_count:
        InventoryImport.objects.filter(id=import_id).update(
            errors=statement.errors, error_count=statement.error_count
        )
        raise _rows_refused(statement)
    if progress:
        progress(statement.rows, str(_("Enregistrement…")))
    with transaction.atomic():
        locked = InventoryImport.objects.select_for_update().get(id=import_id)
        if locked.state != InventoryImport.State.PREVIEWED:
            raise _not_waiting(locked)
        _apply(actor, locked, statement)
        transaction.on_commit(lambda: path.unlink(missing_ok=True))
    return locked


def request_apply(actor: Actor, *, import_id: int) -> InventoryImport:
    """Applies a previewed inventory now when it is small, else by a job whose progress its page shows."""
    waiting = _waiting(actor, import_id)
    if waiting.rows <= APPLIED_AT_ONCE or actor.user_id is None:
        return apply_import(actor, import_id=import_id)
    if waiting.error_count:
        raise Invalid(_("Des lignes sont refusées : corrigez-les et recommencez."), code="rows_refused")
    with transaction.atomic():
        locked = InventoryImport.objects.select_for_update().get(id=import_id)
        if locked.state != InventoryImport.State.PREVIEWED:
            raise _not_waiting(locked)
        if "job" not in locked.summary:
            result = jobs.apply_inventory.enqueue(import_id, actor.user_id, locked.rows)
            locked.summary["job"] = result.id
            locked.save(update_fields=["summary"])
    return locked


def refuse_import(import_id: int, error: DomainError) -> None:
    """Keeps why a job could not apply an inventory that still waited; the file is given up."""
    with transaction.atomic():
        waiting = InventoryImport.objects.select_for_update().get(id=import_id)
        if waiting.state != InventoryImport.State.PREVIEWED:
            return
        waiting.state = InventoryImport.State.REFUSED
        if not waiting.error_count:
            waiting.errors = [
                {"where": "", "field": error.field, "code": str(error.message)[:500], "values": {}}
            ]
            waiting.error_count = 1
        waiting.save(update_fields=["state", "errors", "error_count"])
        transaction.on_commit(lambda: Path(waiting.file_path).unlink(missing_ok=True))


def upsert_inventory(
    actor: Actor,
    *,
    body_id: int,
    source: str,
    assets: Sequence[Mapping[str, Any]],
    complete: bool = False,
    observed_at: datetime | None = None,
) -> InventoryImport:
    """Applies assets stated by a program (see ``documents.read_document`` for their shape) at once.

    Raises ``Invalid`` with code ``rows_refused`` and the first errors in its values: nothing is applied then.
    """
    actor.require(Permission.ASSET_WRITE, body_id)
    source = _source(source)
    if not source:
        raise Invalid(_("Nommez la source de cet inventaire."), field="source")
    statement = read_document(actor, body_id, assets)
    if statement.error_count:
        raise _rows_refused(statement)
    with transaction.atomic():
        applied = InventoryImport.objects.create(
            body_id=body_id,
            source=source,
            kind="api",
            complete=complete,
            state=InventoryImport.State.PREVIEWED,
            created_by_id=actor.user_id,
            created_at=now(),
            observed_at=min(observed_at or now(), now()),
            rows=statement.rows,
        )
        _apply(actor, applied, statement)
    return applied


@transaction.atomic
def discard_import(actor: Actor, *, import_id: int) -> InventoryImport:
    """Gives up a previewed inventory and deletes its file."""
    waiting = _waiting(actor, import_id)
    _discard(waiting)
    audit.record(actor, "assets.inventory_discarded", waiting)
    return waiting


def remap_import(actor: Actor, *, import_id: int, mapping: Mapping[str, str]) -> InventoryImport:
    """Previews the same file again with its columns named otherwise; the former preview is given up."""
    waiting = _waiting(actor, import_id)
    if "job" in waiting.summary:
        raise _not_waiting(waiting)
    if not Path(waiting.file_path).is_file():
        raise _file_gone()
    again = preview_inventory(
        actor,
        body_id=waiting.body_id,
        path=waiting.file_path,
        file_name=waiting.file_name,
        source=waiting.source,
        mapping=mapping,
        complete=waiting.complete,
        asset_key=waiting.summary.get("asset_key"),
        observed_at=waiting.observed_at,
    )
    with transaction.atomic():
        InventoryImport.objects.filter(id=import_id).update(
            state=InventoryImport.State.DISCARDED, file_path=""
        )
        audit.record(actor, "assets.inventory_discarded", waiting)
    return again


def discard_forgotten() -> int:
    """Gives up the inventories that nobody applied within a week."""
    forgotten = InventoryImport.objects.filter(
        state=InventoryImport.State.PREVIEWED, created_at__lt=now() - _KEPT
    )
    count = 0
    for waiting in forgotten:
        with transaction.atomic():
            _discard(waiting)
        count += 1
    return count


def _discard(waiting: InventoryImport) -> None:
    waiting.state = InventoryImport.State.DISCARDED
    path, waiting.file_path = waiting.file_path, ""
    waiting.save(update_fields=["state", "file_path"])
    if path:
        transaction.on_commit(lambda: Path(path).unlink(missing_ok=True))


def _waiting(actor: Actor, import_id: int) -> InventoryImport:
    waiting = InventoryImport.objects.visible_to(actor, Permission.ASSET_WRITE).filter(id=import_id).first()
    if waiting is None:
        raise NotFound(_("Cet inventaire n’existe pas."))
    if waiting.state != InventoryImport.State.PREVIEWED:
        raise _not_waiting(waiting)
    return waiting


def _not_waiting(done: InventoryImport) -> Conflict:
    return Conflict(
        _("Cet inventaire n’attend plus d’être appliqué."), code="not_previewed", values={"state": done.state}
    )


def _file_gone() -> Conflict:
    return Conflict(
        _("Le fichier de cet inventaire n’est plus là : déposez-le de nouveau."), code="file_gone"
    )


def _rows_refused(statement: Statement) -> Invalid:
    return Invalid(
        _("Des lignes sont refusées : rien n’a été importé. Corrigez-les et recommencez."),
        code="rows_refused",
        values={"errors": statement.errors[:100], "error_count": statement.error_count},
    )


def _apply(actor: Actor, applied: InventoryImport, statement: Statement) -> None:
    """Merges the statement; in the caller's transaction."""
    hold_installs(applied.body_id)
    memory = ColumnMapping.objects.select_for_update().get_or_create(
        body_id=applied.body_id, source=applied.source
    )[0]
    _refuse_older(applied, statement)
    target = _target(applied)
    summary = {**applied.summary, **_summary(statement, target)}
    with staged(statement, target):
        found = difference(target)
        moved = mark_moved(target)
        merge(target, applied.pk)
        moved |= moved_assets()
    applied.summary = {**summary, **found.counts, "samples": found.samples}
    applied.state = InventoryImport.State.APPLIED
    applied.applied_at = now()
    applied.rows, applied.errors, applied.error_count = statement.rows, [], 0
    if target.asset_key:
        applied.asset = Asset.objects.filter(body_id=applied.body_id, key=target.asset_key).first()
    applied.save()
    if statement.mapping:
        memory.mapping = statement.mapping
        memory.save()
    aggregate = f"body:{applied.body_id}"
    outbox.publish(
        "assets.inventory_changed",
        aggregate,
        {
            "body_id": applied.body_id,
            "import_id": applied.pk,
            "observed_at": applied.observed_at.isoformat(),
            **({"asset_ids": sorted(moved)} if len(moved) <= _TOLD else {}),
        },
    )
    if found.graph_changed:
        recompute_criticality([applied.body_id])
    audit.record(actor, "assets.inventory_applied", applied, after={"source": applied.source, **found.counts})


def _target(inventory: InventoryImport) -> Target:
    return Target(
        body_id=inventory.body_id,
        source=inventory.source,
        complete=inventory.complete,
        observed_at=inventory.observed_at,
        asset_key=inventory.summary.get("asset_key", ""),
        per_asset=inventory.summary.get("per_asset", False),
    )


def _default_source(statement: Statement) -> str:
    if statement.asset_key:
        # A listing of one tool says nothing of what another installed.
        tool = statement.kind if statement.kind in LISTINGS else "sbom"
        return f"{tool}:{statement.asset_key}"[:60]
    return statement.kind if statement.per_asset else DEFAULT_SOURCE


def _refuse_older(inventory: InventoryImport, statement: Statement) -> None:
    """An inventory proves the past: one taken before the last applied of its source can change nothing.

    Of an export that speaks of each machine apart, only what it says of these machines may be too old.
    """
    if statement.per_asset:
        installs = Install.objects.filter(body_id=inventory.body_id, source=inventory.source)
        named = installs.filter(asset__key__in=list(statement.assets))
        newest = named.aggregate(at=Max("last_seen_at"))["at"]
    else:
        applied = InventoryImport.objects.filter(
            body_id=inventory.body_id, source=inventory.source, state=InventoryImport.State.APPLIED
        )
        asset_key = inventory.summary.get("asset_key")
        if asset_key:
            applied = applied.filter(asset__key=asset_key)
        newest = applied.aggregate(at=Max("observed_at"))["at"]
    if newest is not None and inventory.observed_at < newest:
        raise Conflict(
            _("Cet inventaire a été relevé avant le dernier appliqué de la même source : il est refusé."),
            code="older",
            values={"observed_at": inventory.observed_at.isoformat(), "newest": newest.isoformat()},
        )


def _source(text: str) -> str:
    source = " ".join(text.split())
    if source and not _SOURCE.fullmatch(source):
        raise Invalid(
            _("La source est un nom d’au plus 60 lettres, chiffres, espaces ou - . : / @."),
            code="bad_source",
            field="source",
        )
    return source


def _remembered(body_id: int, source: str) -> dict[str, str] | None:
    known = ColumnMapping.objects.filter(body_id=body_id, source=source).first()
    return known.mapping if known and known.mapping else None


def _spooled(path: Path) -> Path:
    """The file in the spool: itself if it lies there, else a copy."""
    spool = spool_dir()
    if path.resolve().is_relative_to(spool.resolve()):
        return path
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy = spool / f"{secrets.token_hex(16)}.upload"
    shutil.copyfile(path, copy)
    return copy


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
