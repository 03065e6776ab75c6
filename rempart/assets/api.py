"""The API of assets: inventories in, assets out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import File, Form, Router, Schema
from ninja.files import UploadedFile
from pydantic import Field, TypeAdapter, ValidationError

from rempart.assets import commands, queries
from rempart.assets.wording import sentence
from rempart.kernel.edge import page
from rempart.kernel.errors import Invalid, NotFound
from rempart.kernel.idempotency import idempotent
from rempart.kernel.permissions import Permission
from rempart.kernel.uploads import Kind, receive

router = Router()

MAX_FILE_BYTES = 256 * 1024**2
FILE_KINDS = (Kind.CSV, Kind.XLSX, Kind.JSON, Kind.XML)
_Name = Annotated[str, Field(max_length=300)]
_MAPPING = TypeAdapter(Annotated[dict[_Name, _Name], Field(max_length=100)])
_Short = Annotated[str, Field(max_length=600)]


class ComponentIn(Schema):
    """A piece of software as the inventory states it; at least a product, a purl or a CPE."""

    vendor: _Short = ""
    product: _Short = ""
    version: _Short = ""
    purl: _Short = ""
    cpe: _Short = ""


class AssetIn(Schema):
    """An asset; what is absent or empty is left as it is."""

    key: Annotated[str, Field(min_length=1, max_length=200)]
    name: Annotated[str, Field(max_length=300)] = ""
    name_en: Annotated[str, Field(max_length=300)] = ""
    description: Annotated[str, Field(max_length=10_000)] = ""
    kind: _Short = ""
    location: _Short = ""
    owner: _Short = ""
    service: _Short = ""
    network_exposure: _Short = ""
    environment: _Short = ""
    essential: bool | None = None
    rto_hours: int | None = None
    rpo_hours: int | None = None
    confidentiality: int | None = None
    integrity: int | None = None
    availability: int | None = None
    criticality: int | None = None
    depends_on: Annotated[list[_Short], Field(max_length=200, default_factory=list)]
    components: Annotated[list[ComponentIn], Field(max_length=50_000, default_factory=list)]


class InventoryIn(Schema):
    """An inventory: everything its source knows (``complete``), or a part of it."""

    body: Annotated[str, Field(max_length=40)]
    source: Annotated[str, Field(max_length=60)]
    complete: bool = False
    observed_at: datetime | None = None
    assets: Annotated[list[AssetIn], Field(max_length=10_000)]


class RowError(Schema):
    """A row that is refused: where, which field, a stable code and its sentence."""

    where: str
    field: str
    code: str
    message: str


class ImportOut(Schema):
    """An inventory received, and what it changed or would change."""

    id: int
    body: str
    source: str
    kind: str
    state: str
    complete: bool
    rows: int
    observed_at: datetime
    applied_at: datetime | None
    assets: dict[str, int]
    installs: dict[str, int]
    dependencies: dict[str, int]
    mapping: dict[str, str]
    headers: list[str]
    error_count: int
    errors: list[RowError]
    progress: dict[str, Any] | None = None


class AssetOut(Schema):
    """An asset in a list."""

    body: str
    key: str
    kind: str
    name_fr: str
    name_en: str
    network_exposure: str
    criticality: int
    confidentiality: int
    integrity: int
    availability: int
    location: str
    owner: str
    last_seen_at: datetime
    retired_at: datetime | None


class InstallOut(Schema):
    """Software on an asset, and which inventory shows it."""

    vendor: str
    product: str
    version: str
    purl: str
    cpe: str
    source: str
    first_seen_at: datetime
    last_seen_at: datetime


class AssetDetail(AssetOut):
    """An asset with its software, and why it is critical (keys, from the lending service to the asset)."""

    description: str
    category_reason: str
    why: list[str]
    installs: list[InstallOut]


class AssetPage(Schema):
    """One page of a list."""

    total: int
    page: int
    size: int
    items: list[AssetOut]


class FoundOut(Schema):
    """An asset found by its key or name, or by its software."""

    body: str
    key: str
    name_fr: str
    software: str


def _body_id(request: HttpRequest, code: str) -> int:
    body = queries.writable_bodies(request.actor).filter(code=code).first()
    if body is None:
        raise NotFound(f"{code[:40]}: ?", field="body")
    return int(body.pk)


def _import(inventory: Any) -> dict[str, Any]:
    summary = inventory.summary
    errors = [{**each, "message": sentence(each["code"], each["values"])} for each in inventory.errors]
    return {
        **{name: getattr(inventory, name) for name in ("id", "source", "kind", "state", "complete", "rows")},
        "body": inventory.body.code,
        "observed_at": inventory.observed_at,
        "applied_at": inventory.applied_at,
        **{part: summary.get(part, {}) for part in ("assets", "installs", "dependencies")},
        "mapping": inventory.mapping or {},
        "headers": summary.get("headers", []),
        "error_count": inventory.error_count,
        "errors": errors,
        "progress": queries.job_progress(inventory),
    }


def _asset(asset: Any) -> dict[str, Any]:
    names = (
        "key",
        "kind",
        "name_fr",
        "name_en",
        "network_exposure",
        "criticality",
        "last_seen_at",
        "retired_at",
    )
    levels = ("confidentiality", "integrity", "availability")
    return {
        **{name: getattr(asset, name) for name in (*names, *levels)},
        "body": asset.body.code,
        "location": asset.location.code if asset.location else "",
        "owner": asset.owner.email if asset.owner else "",
    }


def _columns(text: str) -> dict[str, str] | None:
    """The mapping of columns sent with a file; None when none was. Raises Invalid."""
    if not text.strip():
        return None
    try:
        return _MAPPING.validate_json(text)
    except ValidationError as error:
        raise Invalid('mapping: {"product": "Logiciel", …}', field="mapping") from error


@router.post("/inventory", response=ImportOut, summary="Apply an inventory stated as JSON")
@page(Permission.ASSET_WRITE)
@idempotent
def apply_inventory(request: HttpRequest, inventory: InventoryIn) -> Any:
    """All or nothing: a refused asset refuses the whole, with the place and the field of each error."""
    applied = commands.upsert_inventory(
        request.actor,
        body_id=_body_id(request, inventory.body),
        source=inventory.source,
        assets=[asset.dict() for asset in inventory.assets],
        complete=inventory.complete,
        observed_at=inventory.observed_at,
    )
    return _import(queries.get_import(request.actor, applied.pk))


@router.post("/inventory/files", response=ImportOut, summary="Send an inventory file")
@page(Permission.ASSET_WRITE)
def send_file(
    request: HttpRequest,
    body: Form[str],
    file: File[UploadedFile],
    source: Form[str] = "",
    asset: Form[str] = "",
    complete: Form[bool] = True,
    apply: Form[bool] = False,
    mapping: Form[str] = "",
) -> Any:
    """CSV, XLSX, CycloneDX, SPDX or a known tool's export. Previewed; applied too with ``apply``.

    ``mapping`` is a JSON object, field → column header; left out, the one remembered for this body and
    source, or guessed. A header of the answer's ``headers`` that its ``mapping`` does not take is not read.
    """
    body_id = _body_id(request, body)
    columns = _columns(mapping)
    stored = receive(file, kinds=FILE_KINDS, max_bytes=MAX_FILE_BYTES, spool_dir=commands.spool_dir())
    try:
        found = commands.preview_inventory(
            request.actor,
            body_id=body_id,
            path=stored.path,
            file_name=stored.name,
            source=source,
            complete=complete,
            asset_key=asset or None,
            mapping=columns,
        )
    except BaseException:
        stored.path.unlink(missing_ok=True)
        raise
    if apply and not found.error_count:
        commands.request_apply(request.actor, import_id=found.pk)
    return _import(queries.get_import(request.actor, found.pk))


@router.post("/inventory/{int:import_id}/apply", response=ImportOut, summary="Apply a previewed inventory")
@page(Permission.ASSET_WRITE)
def apply_file(request: HttpRequest, import_id: int) -> Any:
    """Large inventories are applied by a job: read their state again until it is no longer ``previewed``."""
    commands.request_apply(request.actor, import_id=import_id)
    return _import(queries.get_import(request.actor, import_id))


@router.get("/inventory/{int:import_id}", response=ImportOut, summary="The state of an inventory")
@page(Permission.ASSET_READ)
def inventory_state(request: HttpRequest, import_id: int) -> Any:
    """Its counts, its errors, and how far the job that applies it is."""
    return _import(queries.get_import(request.actor, import_id))


@router.get("/search", response=list[FoundOut], summary="Find assets as you type")
@page(Permission.ASSET_READ)
def find(request: HttpRequest, q: Annotated[str, Field(max_length=200)], limit: int = 20) -> Any:
    """By key, name or installed software; accents and case are ignored."""
    found = queries.search(request.actor, q, max(1, min(limit, 100)))
    return [
        {
            "body": each.asset.body.code,
            "key": each.asset.key,
            "name_fr": each.asset.name_fr,
            "software": each.software,
        }
        for each in found
    ]


@router.get("/", response=AssetPage, summary="List assets")
@page(Permission.ASSET_READ)
def list_assets(
    request: HttpRequest,
    body: str = "",
    kind: str = "",
    retired: bool = False,
    page: int = 1,
    size: int = 100,
) -> Any:
    """By body code and key."""
    if not 1 <= size <= 500 or page < 1:
        raise Invalid("size: 1..500, page: 1..", field="size")
    rows = queries.assets(request.actor, retired=retired)
    if body:
        rows = rows.filter(body__code=body)
    if kind:
        rows = rows.filter(kind=kind)
    total = rows.count()
    items = rows.order_by("body__code", "key")[(page - 1) * size : page * size]
    return {"total": total, "page": page, "size": size, "items": [_asset(asset) for asset in items]}


@router.get("/{body}/{path:key}", response=AssetDetail, summary="One asset")
@page(Permission.ASSET_READ)
def one_asset(request: HttpRequest, body: str, key: str) -> Any:
    """With its present software and the path that makes it critical."""
    asset = queries.get_asset(request.actor, body, key)
    fields = ("vendor", "product", "version", "purl", "cpe")
    seen = ("source", "first_seen_at", "last_seen_at")
    return {
        **_asset(asset),
        "description": asset.description,
        "category_reason": asset.category_reason,
        "why": [step.key for step in queries.why_critical(request.actor, asset)],
        "installs": [
            {
                **{name: getattr(install.component, name) for name in fields},
                **{name: getattr(install, name) for name in seen},
            }
            for install in queries.installs_of(request.actor, asset)[:10_000]
        ],
    }
