"""YAML 1.2 (core schema) to plain values, under limits: size, depth, number of values, aliases counted as
used.

libyaml composes the graph of nodes; the values are made here, so that a repeated key, an alias that would
swell, or a tag of a language's own objects is an error that names its line. YAML 1.1's odd scalars (``no``,
``12:30``, dates) stay text, as the specification refers to YAML 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

from rempart.engines.sigma.model import Limits

_INTEGER: Final = re.compile(r"[-+]?[0-9]+\Z")
_OTHER_INTEGER: Final = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_DIGITS: Final = 18  # longer integers stay text: they are identifiers


class Unreadable(ValueError):
    """The file is not YAML that may be read here; the message tells the line."""


def read_documents(raw: bytes, limits: Limits) -> Iterator[Any]:
    """Yield the value of each document of ``raw``; raises Unreadable."""
    if len(raw) > limits.file_bytes:
        raise Unreadable(f"{len(raw)} bytes, more than the {limits.file_bytes} allowed")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"not UTF-8 at byte {error.start}") from None
    budget = [limits.nodes]
    try:
        for number, node in enumerate(yaml.compose_all(text, Loader=yaml.CSafeLoader), start=1):
            if number > limits.documents:
                raise Unreadable(f"more than {limits.documents} documents")
            if node is not None:
                yield _value(node, limits, budget, limits.depth)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise Unreadable(f"{where}{error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise Unreadable(str(error) or "nested too deep") from None


def _value(node: Any, limits: Limits, budget: list[int], depth: int) -> Any:
    budget[0] -= 1
    line = node.start_mark.line + 1
    if budget[0] < 0:
        raise Unreadable(f"line {line}: more than {limits.nodes} values")
    if depth < 0:
        raise Unreadable(f"line {line}: nested more than {limits.depth} deep")
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, limits, budget, depth - 1) for item in node.value]
    made: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise Unreadable(f"line {line}: a key that is not a scalar")
        key = str(key_node.value)
        if key in made:
            raise Unreadable(f"line {key_node.start_mark.line + 1}: the key {key!r} comes twice")
        made[key] = _value(value_node, limits, budget, depth - 1)
    return made


def _scalar(node: Any) -> Any:
    text = str(node.value)
    return text if node.style in ("'", '"', "|", ">") else _plain(text)


def _plain(text: str) -> Any:
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    first = text[0]
    if first in "+-.0123456789":
        if _INTEGER.match(text):
            return int(text) if len(text) <= _DIGITS else text
        if _OTHER_INTEGER.match(text):
            return int(text, 0) if len(text) <= _DIGITS else text
        if _FLOAT.match(text) and len(text) <= _DIGITS:
            return float(text)
    return text
