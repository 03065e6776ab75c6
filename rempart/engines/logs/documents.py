"""JSON documents out of bytes that are hostile, long, or not quite JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import orjson

from rempart.engines.logs.model import Source

_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
#: What lies between two brackets, strings passed whole; possessive, so that it never goes back.
_BRACKET: Final = re.compile(rb'(?:[^{}\[\]"]++|"(?:[^"\\]++|\\.)*")*([{}\[\]])', re.DOTALL)
#: The head of an object before its array: a few members that hold one value each.
_SCALARS: Final = rb'\s*+\{\s*+(?:"[^"\\]{0,80}"\s*+:\s*+(?:"[^"\\]{0,400}"|[\w.+-]{1,40})\s*+,\s*+){0,8}'
#: Bytes looked at past the present place, so that a head is seen whole.
_AHEAD: Final = 4096


def head_of_wrapper(names: tuple[bytes, ...]) -> re.Pattern[bytes]:
    """What begins a root object whose array, under one of these names, holds the events."""
    return re.compile(_SCALARS + rb'"(?:' + b"|".join(names) + rb')"\s*+:\s*+\[(?=\s*+[{\]])')


def parse(raw: bytes, source: Source) -> Any:
    """The value that ``raw`` holds, kept even when strange; raises ``ValueError`` with the reason.

    What strict JSON refuses and logs contain is read: NaN, lone surrogates and invalid UTF-8 (both become
    U+FFFD), numbers without end (kept as text). Values nested past ``depth`` become their own JSON text.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as problem:
        value = _leniently(raw, source, problem)
    if raw.count(b"{") + raw.count(b"[") > source.limits.depth:
        return _cut(value, source.limits.depth)
    return value


def _leniently(raw: bytes, source: Source, problem: orjson.JSONDecodeError) -> Any:
    text = source.text(raw)
    try:
        value = json.loads(text, strict=False, parse_int=_number)
    except RecursionError:
        raise ValueError("nested too deep to be read") from None
    except ValueError:
        raise ValueError(f"not JSON: {problem}") from None
    return _without_surrogates(value) if _SURROGATE.search(raw) else value


def _number(text: str) -> int | float | str:
    return int(text) if len(text) < 20 else (float(text) if len(text) < 300 else text)


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    return value


def _cut(value: Any, depth: int) -> Any:
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        try:
            return json.dumps(value, ensure_ascii=False)
        except RecursionError:
            return "…"
    if isinstance(value, dict):
        return {key: _cut(item, depth - 1) for key, item in value.items()}
    return [_cut(item, depth - 1) for item in value]


class Splitter:
    """Cuts a stream of JSON into its objects, wherever their lines break: arrays, wrappers, dumps one after
    another.

    Objects inside an array at the root, or inside the array of a root object that is ``{"Records": [...]}``
    or the like, are given one by one; nothing larger than one of them is held.
    """

    def __init__(self, source: Source, wrappers: tuple[bytes, ...]) -> None:
        self._source = source
        self._wrapper = head_of_wrapper(wrappers)
        self._wrapped = False
        self._buffer = b""
        self._base = 0  # place of the buffer in the stream
        self._at = 0
        self._ended = False

    def objects(self) -> Iterator[tuple[int, bytes]]:
        """Each object with the place, in bytes, where it begins; what follows no bracket is reported."""
        self._fill()
        if self._buffer.startswith(b"\xef\xbb\xbf"):
            self._at = 3
        while self._enter():
            start = self._at
            found = self._one()
            if found is None:
                return
            yield self._base + start, found
            if self._at > 1 << 20:
                self._drop()

    def _fill(self) -> bool:
        chunk = b"" if self._ended else self._source.stream.read(max(1 << 18, len(self._buffer)))
        self._ended = not chunk
        self._buffer += chunk
        return bool(chunk)

    def _drop(self) -> None:
        self._base += self._at
        self._buffer = self._buffer[self._at :]
        self._at = 0

    def _enter(self) -> bool:
        """Move to the next object, through separators, the root's array and its wrapper; False at the end."""
        while True:
            buffer = self._buffer
            wrapper = self._wrapper.match(buffer, self._at)
            if wrapper:
                self._at = wrapper.end()
                self._wrapped = True
                continue
            while self._at < len(buffer) and buffer[self._at] in b" \t\r\n,[]}":
                self._at += 1
            if self._at >= len(buffer) or len(buffer) - self._at < _AHEAD:
                self._drop()
                if self._fill():
                    continue
            if self._at >= len(self._buffer):
                return False
            if self._wrapper.match(self._buffer, self._at):
                continue
            if self._buffer[self._at : self._at + 1] == b"{":
                return True
            if not self._skip_stray():
                return False

    def _skip_stray(self) -> bool:
        """Pass what is no object (a number, a word, what follows a wrapper's array) up to the next
        bracket.
        """
        if not self._wrapped:
            self._source.problem("something that is not an object", offset=self._base + self._at)
        while True:
            place = self._buffer.find(b"{", self._at)
            if place >= 0:
                self._at = place
                return True
            self._at = len(self._buffer)
            self._drop()
            if not self._fill():
                return False

    def _one(self) -> bytes | None:
        """The object that begins here, whole; None when the stream ends before it does."""
        start = place = self._at
        depth = 0
        limit = self._source.limits.record_bytes
        held = True
        while True:
            found = _BRACKET.match(self._buffer, place)
            if found:
                place = found.end()
                depth += 1 if found[1] in b"{[" else -1
                if depth == 0:
                    self._at = place
                    if not held:
                        return b""
                    if place - start > limit:
                        self._too_long(start)
                        return b""
                    return self._buffer[start:place]
                continue
            if held and len(self._buffer) - start > limit:
                self._too_long(start)
                held = False
            if not held:  # nothing before this place is needed any more
                self._base += place
                self._buffer = self._buffer[place:]
                start = place = 0
                if len(self._buffer) > 4 * limit:
                    self._source.problem("a text without end; the rest is left", offset=self._base)
                    return None
            if not self._fill():
                self._source.problem("the last object is cut", offset=self._base + start)
                return None

    def _too_long(self, start: int) -> None:
        limit = self._source.limits.record_bytes
        self._source.problem(f"an object exceeds the limit of {limit} bytes", offset=self._base + start)
