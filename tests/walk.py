"""Every address of the platform, and every operation of its API, with arguments that make them answer."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pypdf
from django.http import HttpResponseBase
from django.urls import URLPattern, URLResolver
from ninja.router import Router

from rempart.kernel.permissions import Permission
from tests.world import World, arguments

# Answered by allauth, by Django or by ninja themselves; their own guards are tested apart.
FOREIGN = ("account/", "api/v1/")
# The stream of live updates never ends: web has its own tests of it.
ENDLESS = ("live_events",)


@dataclass(frozen=True)
class Address:
    """A page: its name, its route, what guards it (None: undeclared), and its URL for body A."""

    name: str
    route: str
    permissions: tuple[Permission, ...] | None
    public: bool
    url: str

    def __str__(self) -> str:
        return f"{self.name} ({self.url})"


@dataclass(frozen=True)
class Operation:
    """An operation of the API, with the address and the body that ask it about body A."""

    method: str
    url: str
    permissions: tuple[Permission, ...] | None
    document: Any

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


def patterns() -> Iterator[tuple[str, URLPattern]]:
    """(route, pattern) of every page of the platform's own."""

    def walk(prefix: str, entries: list[Any]) -> Iterator[tuple[str, URLPattern]]:
        for entry in entries:
            route = prefix + str(entry.pattern)
            if route.startswith(FOREIGN):
                continue
            if isinstance(entry, URLResolver):
                yield from walk(route, entry.url_patterns)
            else:
                yield route, entry

    yield from walk("", import_module("rempart.urls").urlpatterns)


def _fill(name: str, parts: dict[str, Any], values: dict[str, Any]) -> dict[str, str]:
    filled = {}
    for argument, converter in parts.items():
        value = values.get(f"{name}.{argument}", values.get(argument))
        if value is None:
            raise AssertionError(
                f"the page {name} takes {argument!r}: give it a value, of body A, in tests/world.arguments"
            )
        filled[argument] = converter.to_url(value) if converter else str(value)
    return filled


def pages(world: World) -> list[Address]:
    from django.urls import reverse

    values, found = arguments(world), []
    for route, pattern in patterns():
        name = pattern.name or route
        filled = _fill(name, pattern.pattern.converters, values)
        view = pattern.callback
        found.append(
            Address(
                name,
                route,
                getattr(view, "required_permissions", None),
                bool(getattr(view, "public", False)),
                reverse(name, kwargs=filled) if pattern.name else "/" + route,
            )
        )
    return found


def operations(world: World) -> list[Operation]:
    """From the OpenAPI document, each with a sample made from its schema."""
    from rempart.web.api import api

    document = api.get_openapi_schema()
    guards = _guards()
    values, found = {**arguments(world), "api": True}, []
    for path, methods in document["paths"].items():
        for method, about in methods.items():
            filled = path
            for parameter in about.get("parameters", []):
                if parameter["in"] == "path":
                    value = _value_of(path, parameter["name"], values)
                    filled = filled.replace("{" + parameter["name"] + "}", str(value))
                elif parameter.get("required"):
                    filled += f"{'&' if '?' in filled else '?'}{parameter['name']}=SECRET"
            body = about.get("requestBody", {}).get("content", {})
            sample = None
            if "application/json" in body:
                sample = _sample(body["application/json"]["schema"], document, values)
            elif body:
                sample = {"form": _sample(next(iter(body.values()))["schema"], document, values)}
            found.append(
                Operation(method.upper(), filled, guards.get((method.upper(), about["operationId"])), sample)
            )
    return found


def _value_of(path: str, name: str, values: dict[str, Any]) -> Any:
    slice_name = path.split("/")[3]
    for key in (f"{slice_name}.{name}", name):
        if key in values:
            return values[key]
    raise AssertionError(
        f"the operation {path} takes {name!r}: give it a value, of body A, in tests/world.arguments"
    )


def _guards() -> dict[tuple[str, str], tuple[Permission, ...] | None]:
    """(method, operation id) → the rights that open it."""
    from rempart.web.api import api

    def routers() -> Iterator[Router]:
        for _prefix, router, *_ in api._routers:
            yield router

    found = {}
    for router in routers():
        for view in router.path_operations.values():
            for operation in view.operations:
                identifier = operation.operation_id or api.get_openapi_operation_id(operation)
                rights = getattr(operation.view_func, "required_permissions", None)
                for method in operation.methods:
                    found[method, identifier] = rights
    return found


def _sample(schema: dict[str, Any], document: dict[str, Any], values: dict[str, Any], name: str = "") -> Any:
    """A value that the schema accepts; a field named like an argument of the addresses gets its value."""
    if "$ref" in schema:
        target = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return _sample(target, document, values, name)
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            options = [each for each in schema[union] if each.get("type") != "null"]
            return _sample(options[0], document, values, name)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        needed = schema.get("properties", {})
        return {key: _sample(each, document, values, key) for key, each in needed.items()}
    if kind == "array":
        return [_sample(schema.get("items", {}), document, values, name)]
    known = values.get(name)
    if kind == "integer":
        return known if isinstance(known, int) else int(schema.get("minimum", 1))
    if kind == "number":
        return 1.0
    if kind == "boolean":
        return False
    if schema.get("format") == "date-time":
        return "2099-01-01T00:00:00Z"
    if schema.get("format") == "date":
        return "2099-01-01"
    return known if isinstance(known, str) else "exemple"


def form(world: World) -> dict[str, Any]:
    """One form for every page that takes one: its fields' usual names, all about body A."""
    a = world.a
    return {
        **{name: value for name, value in arguments(world).items() if "." not in name and name != "name"},
        "name": "Nom", "name_fr": "Nom", "name_en": "Name", "title_fr": "Titre", "title_en": "Title",
        "text_fr": "Texte", "text_en": "Text", "reason": "La raison", "explanation": "Une explication",
        "until": "2027-01-01", "body_id": a.body.pk, "person": a.officer.pk, "asset": a.server.pk,
        "audience": "portfolio", "portfolio": a.body.code, "due_at": "2099-01-01T00:00", "kind": "server",
        "justification": "component_not_present", "compensating_measure": "Une mesure", "language": "fr",
        "email": "nouveau@exemple.test", "organisation_code": a.body.code, "parent_code": world.centre.code,
        "role": "cgcd_commander", "medium": "email", "address": "nouveau@exemple.test", "confirm": "on",
        "source": "cmdb", "accepted": "on", "decision": "accept", "starts_on": "2026-01-01",
        "title": "comsi", "next": "/", "vulnerability": world.vulnerability.cve_id, "target": a.target.pk,
        "targets": a.target.pk, "priority": "act_now", "marking": "TLP:AMBER", "days": 1,
        "confidentiality": 1, "integrity": 1, "availability": 1, "own_criticality": 1,
    }  # fmt: skip


def readable(response: HttpResponseBase) -> str:
    """All the text of an answer, whatever it is: a page, a stream, a workbook, a PDF."""
    if response.streaming:
        content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    else:
        content = response.content  # type: ignore[attr-defined]
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            return "\n".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    if content.startswith(b"%PDF"):
        return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)
    if "json" in response.get("Content-Type", ""):
        with_escapes = content.decode("utf-8", "replace")
        try:
            return json.dumps(json.loads(with_escapes), ensure_ascii=False)
        except ValueError:
            return with_escapes
    return content.decode("utf-8", "replace")
