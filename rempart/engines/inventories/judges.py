"""The official libraries' opinion of a bill of materials: a report beside what was read, never a gate.

Kept apart because these libraries are slow to import and to run; the readers need none of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import spdx_python_model
from cyclonedx.exception import MissingOptionalDependencyException
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonValidator
from cyclonedx.validation.xml import XmlValidator
from spdx_tools.spdx.parser.error import SPDXParsingError
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from rempart.engines.inventories.json_document import read_bytes, read_json
from rempart.engines.inventories.model import DEFAULT_LIMITS, InventoryError, InventoryLimits


def library_problems(
    source: Path | bytes,
    kind: str,
    version: str,
    most: int = 20,
    limits: InventoryLimits = DEFAULT_LIMITS,
) -> list[InventoryError]:
    """What the format's schema and official library reproach a document that was read; at most ``most``.

    ``kind`` is ``detect``'s; ``version`` the inventory's ``format_version``. For 1,000 components it
    takes about 1.5 s for CycloneDX and 0.3 s for SPDX. An XML document must have passed its reader,
    which refuses DTDs.
    """
    if kind in {"cyclonedx-json", "cyclonedx-xml"}:
        found = _cyclonedx(read_bytes(source, limits), kind, version, most)
    elif kind == "spdx-json":
        found = _spdx2(read_json(source, limits))
    elif kind == "spdx3-json":
        found = _spdx3(read_json(source, limits))
    else:
        raise ValueError(kind)
    return found[:most]


def _cyclonedx(raw: bytes, kind: str, version: str, most: int) -> list[InventoryError]:
    schema = SchemaVersion.from_version(version)
    judge = XmlValidator(schema) if kind == "cyclonedx-xml" else JsonValidator(schema)
    try:
        found = judge.validate_str(raw.decode("utf-8-sig"), all_errors=True) or ()
        return [_schema(problem.data) for problem, _ in zip(found, range(most), strict=False)]
    except (MissingOptionalDependencyException, UnicodeDecodeError, ValueError, RecursionError) as problem:
        return [InventoryError("", "", "library", reason=problem)]


def _schema(problem: Any) -> InventoryError:
    """A schema error at its JSON path, or at its line of the XML."""
    path = getattr(problem, "json_path", None) or f"line {getattr(problem, 'line', '?')}"
    return InventoryError(str(path), "", "schema", reason=getattr(problem, "message", problem))


def _spdx2(document: dict[str, Any]) -> list[InventoryError]:
    try:
        read = JsonLikeDictParser().parse(document)  # type: ignore[no-untyped-call]
        return [
            InventoryError(message.context.spdx_id or "", "", "library", reason=message.validation_message)
            for message in validate_full_spdx_document(read)
        ]
    except SPDXParsingError as problem:
        messages = problem.get_messages()  # type: ignore[no-untyped-call]
        return [InventoryError("", "", "library", reason=message) for message in messages]
    except Exception as problem:  # the library fails in many ways on shapes it does not expect
        return [InventoryError("", "", "library", reason=f"{type(problem).__name__}: {problem}")]


def _spdx3(document: dict[str, Any]) -> list[InventoryError]:
    try:
        _, objects = spdx_python_model.load_data(document)
    except Exception as problem:  # the library fails in many ways on shapes it does not expect
        return [InventoryError("", "", "library", reason=f"{type(problem).__name__}: {problem}")]
    return [InventoryError("", "", "unknown_ref", ref=ref) for ref in sorted(map(str, objects.missing_ids))]
