"""A million indicators against every value of every event, in one pass.

A value that was seen before and holds nothing is not looked at again (sets are compared, in compiled code);
a new one is cut into words once, and each word that may be an observable is looked up by its type.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from rempart.engines.observables.indexing import Exact, Written
from rempart.engines.observables.model import DOMAIN, HASH, IP, MAIL, URL, Details, Indicator, Sighting
from rempart.engines.observables.screening import END, LENGTHS, Screen
from rempart.engines.observables.values import normal_domain, normal_url

_WORD: Final = re.compile(r"[\w@+-]++(?:\.[\w@+-]++)*")
_ADDRESS6: Final = re.compile(r"(?<![\w:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])")
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]{1,20}+://[^\s\"'<>\\^`{|}]{1,2048}")
#: Makes of an ASCII text its words in lower case, apart by spaces (several times faster than an expression).
_APART: Final = "".join(
    chr(code).lower() if chr(code).isalnum() or chr(code) in "@+-._" else " " for code in range(128)
)
#: The commonest value that is never the same twice, passed at once.
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*+(?:Z|\+00:00)?\Z", re.ASCII)
_TRAILING: Final = ".,;:!?)]'"
#: Values remembered as holding nothing; forgotten all at once beyond.
_REMEMBERED: Final = 200_000
#: Longest value remembered, in characters: longer ones seldom come twice.
_SHORT: Final = 512
_DEPTH: Final = 32
_SIX: Final = 6  # the version of IPv6
#: Types of values that are one text, or none.
_WITHOUT_TEXT: Final = frozenset([int, float, bool, type(None)])
_WITHOUT: Final = _WITHOUT_TEXT | {str}


#: Ranges of addresses stand under their version, how many bits they leave, and the others.
_RANGE: Final = "range"
#: What values are looked up in.
KINDS: Final = (IP, URL, HASH, MAIL, DOMAIN, _RANGE)


class Table:
    """Indicators by type, as they are looked up. Domains cover their subdomains, ranges their addresses."""

    def __init__(self) -> None:
        self._written: dict[str, Written] = {kind: Written() for kind in KINDS}
        self._exact: Mapping[str, Exact] = self._written
        self._shifts: tuple[set[int], set[int]] = (set(), set())  # of IPv4, of IPv6
        self._endings: set[str] = set()

    @classmethod
    def of(
        cls, values: Mapping[str, Exact], endings: Iterable[str], shifts: Iterable[Iterable[int]]
    ) -> Table:
        """A table of what ``contents`` gave, which nothing is added to. Raises ``ValueError``."""
        table = cls()
        table._written, table._exact = {}, values
        four, six = map(set, shifts)
        table._shifts, table._endings = (four, six), set(endings)
        return table

    def contents(self) -> tuple[dict[str, Written], set[str], tuple[set[int], set[int]]]:
        """What was added: values by kind, endings of names, and bits that ranges of IPv4 and IPv6 leave."""
        return self._written, self._endings, self._shifts

    @property
    def size(self) -> int:
        """How many indicators there are."""
        return sum(map(len, self._exact.values()))

    def add(self, indicator: Indicator) -> bool:
        """Add one, and tell whether it is new; of two with the same value, the first is kept."""
        kind, value = indicator.kind, indicator.value
        if kind == IP and "/" in value:
            network = ipaddress.ip_network(value)
            shift = network.max_prefixlen - network.prefixlen
            self._shifts[network.version == _SIX].add(shift)
            kind, value = _RANGE, _range_key(network.version, shift, int(network.network_address))
        exact = self._written[kind]
        if value in exact:
            return False
        exact[value] = indicator.details
        if kind == DOMAIN:
            self._endings.add(value.rpartition(".")[2])
        return True

    def covering(self, kind: str, value: str) -> Indicator | None:
        """The indicator that a normalised value is, or falls under; the most precise first."""
        details = self._exact[kind].get(value)
        if details is not None:
            return Indicator(kind, value, details)
        if kind == DOMAIN:
            return self._domain(value)
        if kind == IP and any(self._shifts):
            return self._range(value)
        return None

    def _domain(self, value: str) -> Indicator | None:
        if value.rpartition(".")[2] not in self._endings:
            return None
        names = self._exact[DOMAIN]
        while value:
            details = names.get(value)
            if details is not None:
                return Indicator(DOMAIN, value, details)
            value = value.partition(".")[2]
        return None

    def _range(self, value: str) -> Indicator | None:
        try:
            address = ipaddress.ip_address(value.partition("/")[0])
        except ValueError:
            return None
        version, number = address.version, int(address)
        for shift in sorted(self._shifts[version == _SIX]):
            details = self._exact[_RANGE].get(_range_key(version, shift, number))
            if details is not None:
                length = address.max_prefixlen - shift
                network = ipaddress.ip_network((number >> shift << shift, length))
                return Indicator(IP, str(network), details)
        return None

    def screen(self) -> Screen:
        """What tells which texts may hold an indicator, of those that are there now."""
        kinds = {IP if kind == _RANGE else kind for kind, exact in self._exact.items() if exact}
        return Screen(
            kinds,
            self._endings,
            digests=self._exact[HASH].among,
            known=lambda kind, value: self.covering(kind, value) is not None,
            link=lambda text: any(map(self._linked, _URL.findall(text))),
        )

    def _linked(self, url: str) -> tuple[str, Details] | None:
        """The indicator that a link in lower case is, with its query or without."""
        value = normal_url(url.rstrip(_TRAILING))
        details = self._exact[URL].get(value) or self._exact[URL].get(value.partition("?")[0])
        return None if details is None else (value, details)

    def seen_in(self, text: str) -> list[tuple[str, Indicator]]:
        """The indicators in a text, with what was observed, in their order there and each once."""
        if _TIME.match(text):
            return []
        found: dict[tuple[str, str], tuple[str, Indicator]] = {}
        plain = text.isascii()
        words = text.translate(_APART).split() if plain else _WORD.findall(text.lower())
        digests = self._exact[HASH]
        for word in words:
            if len(word) in LENGTHS and (details := digests.get(word)) is not None:
                _keep(found, word, Indicator(HASH, word, details))
        endings = self._endings
        for word in [word for word in words if "." in word]:
            name = word.strip(".+-")
            last = name.rpartition(".")[2]
            if last in endings or last.isdigit() or "@" in name or not plain:
                self._look_up_name(name, found)
        if ":" not in text:
            return list(found.values())
        lower = text.lower()
        if "://" in lower and len(self._exact[URL]):
            for url in _URL.findall(lower):
                linked = self._linked(url)
                if linked is not None:
                    _keep(found, url, Indicator(URL, *linked))
        if (lower.count(":") > 1 and "::" in lower) or lower.count(":") >= 7:
            self._look_up_addresses(lower, found)
        return list(found.values())

    def _look_up_name(self, word: str, found: dict[tuple[str, str], tuple[str, Indicator]]) -> None:
        if "@" in word:
            name, _, host = word.rpartition("@")
            mail = f"{name}@{normal_domain(host)}"
            details = self._exact[MAIL].get(mail)
            if details is not None:
                _keep(found, word, Indicator(MAIL, mail, details))
            word = host
        last = word.rpartition(".")[2]
        if last.isdigit():
            if word.count(".") == 3:
                indicator = self.covering(IP, word)
                if indicator:
                    _keep(found, word, indicator)
        elif last in self._endings or not word.isascii():
            indicator = self._domain(normal_domain(word.strip("-+")))
            if indicator:
                _keep(found, word, indicator)

    def _look_up_addresses(self, lower: str, found: dict[tuple[str, str], tuple[str, Indicator]]) -> None:
        for word in _ADDRESS6.findall(lower):
            try:
                value = str(ipaddress.IPv6Address(word))
            except ValueError:
                continue
            indicator = self.covering(IP, value)
            if indicator:
                _keep(found, word, indicator)


def _range_key(version: int, shift: int, number: int) -> str:
    """What a range that leaves ``shift`` bits is looked up by, from any of its addresses."""
    return f"{version} {shift} {number >> shift:x}"


def _keep(found: dict[tuple[str, str], tuple[str, Indicator]], observed: str, indicator: Indicator) -> None:
    found.setdefault((indicator.kind, indicator.value), (observed, indicator))


class Matcher:
    """Looks for the indicators of a table in events; ``allow`` covers what is never reported."""

    def __init__(self, table: Table, allow: Table | None = None) -> None:
        self._table = table
        self._allow = allow if allow is not None and allow.size else None
        self._clean: set[object] = set()
        self._screen = table.screen()

    def suspects(self, texts: Sequence[str]) -> list[int]:
        """Of events whose texts (``text_of``) these are, the positions of those that must be scanned: the
        others hold no indicator.
        """
        return self._screen.suspects(texts)

    def suspect_rows(self, names: Sequence[str], columns: Sequence[str | tuple[object, ...]]) -> list[int]:
        """The same of events that have the same fields, by field: the values of each, or where all are texts
        without NUL, these joined by it. Gives the positions of the events, in order.
        """
        texts: list[str] = []
        owners: list[list[tuple[int, str]] | None] = []
        for name, column in zip(names, columns, strict=True):
            if isinstance(column, str):
                texts.append(column)
                owners.append(None)
            elif not _WITHOUT_TEXT.issuperset(map(type, column)):
                held = _held(name, column)
                texts.append(END.join([text for _, text in held]))
                owners.append(held)
        rows = set()
        for number, place in self._screen.places(texts):
            held_there, before = owners[number], 0
            if held_there is None:
                rows.add(texts[number].encode("utf-8", "surrogatepass").count(b"\0", 0, place))
                continue
            for row, text in held_there:
                before += len(text.encode("utf-8", "surrogatepass")) + 1
                if place < before:
                    rows.add(row)
                    break
        return sorted(rows)

    def scan(self, data: Mapping[str, Any], at: Callable[[], datetime]) -> list[Sighting]:
        """The sightings in an event, whose time ``at`` gives when there is something to judge by it."""
        try:
            fresh = set(data.values()) - self._clean
        except TypeError:  # a list or an object among the values
            fresh = {text for _, text in _texts(data)} - self._clean
        if not fresh:
            return []
        hits: dict[str, list[tuple[str, Indicator]]] = {}
        for value in fresh:
            if type(value) is not str:
                continue
            seen = self._table.seen_in(value)
            if seen:
                hits[value] = seen
            elif len(value) <= _SHORT:
                self._clean.add(value)
        if len(self._clean) > _REMEMBERED:
            self._clean.clear()
        return self._sightings(data, hits, at) if hits else []

    def _sightings(
        self,
        data: Mapping[str, Any],
        hits: dict[str, list[tuple[str, Indicator]]],
        at: Callable[[], datetime],
    ) -> list[Sighting]:
        moment = at()
        sightings: list[Sighting] = []
        reported: set[tuple[str, str]] = set()
        for name, text in _texts(data):
            for observed, indicator in hits.get(text, ()):
                key = (indicator.kind, indicator.value)
                score = indicator.details.score(indicator.kind, moment)
                if key in reported or not score or self._allowed(indicator.kind, observed):
                    continue
                reported.add(key)
                sightings.append(Sighting(name, observed, indicator, score))
        return sightings

    def _allowed(self, kind: str, observed: str) -> bool:
        if self._allow is None:
            return False
        if kind == URL:
            value = normal_url(observed)
            host = value.partition("://")[2].partition("/")[0].partition(":")[0]
            return bool(self._allow.covering(URL, value) or self._allow.covering(DOMAIN, host))
        return self._allow.covering(kind, observed) is not None


def text_of(data: Mapping[str, Any]) -> str:
    """All the texts of an event, for ``Matcher.suspects``."""
    values = data.values()
    kinds = set(map(type, values)) - _WITHOUT
    hint = type(data.get("_logsource"))
    if hint is not dict:
        kinds.discard(hint)
    return END.join(
        [text for _, text in _texts(data)] if kinds else [text for text in values if type(text) is str]
    )


def _held(name: str, column: Iterable[object]) -> list[tuple[int, str]]:
    """Every text among the values of a field, with the position of its event."""
    held: list[tuple[int, str]] = []
    for row, value in enumerate(column):
        if type(value) is str:
            held.append((row, value))
        elif isinstance(value, dict | list | tuple):
            held += [(row, text) for _, text in _texts({name: value})]
    return held


def _texts(data: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Every text of an event with the dotted name of its field; reserved members are passed."""
    waiting: list[tuple[str, Any, int]] = [
        (name, value, 0) for name, value in reversed([*data.items()]) if name[:1] != "_" or type(value) is str
    ]
    while waiting:
        name, value, depth = waiting.pop()
        if type(value) is str:
            yield name, value
        elif depth >= _DEPTH:
            continue
        elif isinstance(value, dict):
            waiting.extend((f"{name}.{key}", item, depth + 1) for key, item in reversed(value.items()))
        elif isinstance(value, list | tuple):
            waiting.extend((name, item, depth + 1) for item in reversed(value))
