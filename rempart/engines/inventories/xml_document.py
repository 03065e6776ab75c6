"""XML inventories: parsed whole under limits, without entities; document types only where one is due."""

from __future__ import annotations

import io
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from rempart.engines.inventories.model import InventoryError, InventoryLimits


def parse_xml(raw: bytes, limits: InventoryLimits, *, forbid_dtd: bool = True) -> Element:
    """The tree. Raises ``InventoryError``: ``forbidden_xml``, ``not_xml``, ``too_deep``, ``empty``."""
    depth = 0
    root: Element | None = None
    try:
        for event, element in iterparse(io.BytesIO(raw), events=("start", "end"), forbid_dtd=forbid_dtd):
            if event == "start":
                depth += 1
                root = element if root is None else root
                if depth > limits.depth:
                    raise InventoryError("", "", "too_deep", limit=limits.depth)
            else:
                depth -= 1
    except DefusedXmlException:
        raise InventoryError("", "", "forbidden_xml") from None
    except (ParseError, ValueError, LookupError) as problem:
        if isinstance(problem, InventoryError):
            raise
        raise InventoryError("", "", "not_xml", reason=problem) from None
    if root is None:
        raise InventoryError("", "", "empty")
    return root
