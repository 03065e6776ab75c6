"""Support dates: reading the source, finding a component's cycle, and where the cycle stands on a day."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.engines.exposure import Aliases
from rempart.engines.exposure.model import Component
from rempart.engines.lifecycle import (
    Cycle,
    End,
    Lifecycle,
    Standing,
    index,
    parse_lifecycle,
    read_lifecycles,
    support_of,
)
from rempart.engines.lifecycle.cycles import Index, aliases_from, cycle_of
from rempart.engines.records.fields import RecordError

DATA = Path(__file__).resolve().parents[4].parent / "shared" / "data" / "endoflife" / "products.json"
real = pytest.mark.skipif(not DATA.exists(), reason="the public support data are not beside the repository")


@cache
def _products() -> tuple[Lifecycle, ...]:
    read = [one for _slug, one in read_lifecycles(DATA.read_bytes())]
    return tuple(one for one in read if isinstance(one, Lifecycle))


@cache
def _index() -> Index:
    aliases = Aliases.builtin(aliases_from(_products(), Aliases.builtin()))
    return index(_products(), aliases)


@real
def test_every_product_of_the_source_is_read() -> None:
    assert len(_products()) == 464
    assert sum(len(one.cycles) for one in _products()) == 8351


@real
@pytest.mark.parametrize(
    ("component", "slug", "cycle", "ends"),
    [
        (Component("", "Microsoft", "Windows Server 2012 R2 Standard", "6.3.9600"),
         "windows-server", "2012-r2", date(2023, 10, 10)),
        (Component("", "Microsoft", "Microsoft Windows 10 Enterprise", "10.0.19045.4170"),
         "windows", "10-22h2", date(2025, 10, 14)),
        (Component("", "Microsoft", "Windows 11 Pro", "10.0.22621.3000"),
         "windows", "11-22h2-w", date(2024, 10, 8)),
        (Component("", "Microsoft", "Windows 11 Enterprise", "10.0.22621.3000"),
         "windows", "11-22h2-e", date(2025, 10, 14)),
        (Component("", "PostgreSQL", "PostgreSQL", "11.5"), "postgresql", "11", date(2023, 11, 9)),
        (Component("", "OpenSSL", "OpenSSL", "1.1.1k"), "openssl", "1.1.1", date(2023, 9, 11)),
        (Component("", purl="pkg:pypi/django@3.2.4"), "django", "3.2", date(2024, 4, 1)),
        (Component("", "Oracle", "JDK", "1.8.0_391"), "oracle-jdk", "8", date(2022, 3, 31)),
        (Component("", "Microsoft", "Microsoft Exchange Server 2016", "15.1.2507.6"),
         "msexchange", "2016", date(2025, 10, 14)),
        (Component("", "Red Hat", "Red Hat Enterprise Linux", "7.9"), "rhel", "7", date(2024, 6, 30)),
        (Component("", "Debian", "Debian GNU/Linux", "10"), "debian", "10", date(2022, 9, 10)),
        (Component("", "Cisco", "IOS XE", "17.3.4"), "cisco-ios-xe", "17.3", date(2024, 7, 31)),
        (Component("", cpe="cpe:/a:apache:tomcat:8.5.5"), "tomcat", "8.5", date(2024, 3, 31)),
    ],
)  # fmt: skip
def test_a_component_is_of_its_cycle(component: Component, slug: str, cycle: str, ends: date) -> None:
    found = _index().locate(component)
    assert found is not None
    assert found.cycle is not None
    assert (found.slug, found.cycle.name) == (slug, cycle)
    assert support_of(found.cycle, date(2026, 1, 1)).ends_on == ends


@real
@pytest.mark.parametrize(
    "component",
    [
        Component("", purl="pkg:deb/debian/openssl@1.1.1n-0+deb11u3"),  # supported by its distribution
        Component("", "Acme", "PostgreSQL driver", "11"),
        Component("", "", "postgresql", "11"),
    ],
)
def test_what_is_not_the_product_has_no_cycle(component: Component) -> None:
    assert _index().locate(component) is None


@real
def test_an_unknown_version_is_of_no_known_cycle() -> None:
    found = _index().locate(Component("", "PostgreSQL", "PostgreSQL", "nightly"))
    assert found is not None
    assert found.cycle is None


@real
def test_the_identifiers_join_names_without_joining_two_products() -> None:
    rows = aliases_from(_products(), Aliases.builtin())
    assert len(rows) > 300
    assert {row.provenance for row in rows} == {"endoflife.date"}
    assert len({row.key for row in rows}) == len(rows)
    aliases = Aliases.builtin(rows)
    named = {slug: aliases.canonical(key)[0] for slug, key in (
        ("mysql", "purl:github/mysql/mysql-server"), ("mariadb", "cpe:a:mariadb:mariadb"),
        ("nginx", "cpe:a:f5:nginx"), ("django", "purl:pypi/django"),
    )}  # fmt: skip
    assert len(set(named.values())) == len(named)


def test_the_two_forms_of_the_source_say_the_same() -> None:
    file = {"title": "Acme", "category": "app", "permalink": "/acme",
            "identifiers": [{"cpe": "cpe:/a:acme:acme"}],
            "releases": [{"releaseCycle": "2.0", "releaseDate": "2020-01-01", "eol": "2024-05-01",
                          "eoas": True, "eoes": False, "latest": "2.0.9"}]}  # fmt: skip
    api = {"name": "acme", "label": "Acme", "category": "app",
           "identifiers": [{"id": "cpe:/a:acme:acme", "type": "cpe"}], "links": {"html": "https://endoflife.date/acme"},
           "releases": [{"name": "2.0", "releaseDate": "2020-01-01", "isEoas": True, "isEol": True,
                         "eolFrom": "2024-05-01", "isEoes": False, "eoesFrom": None,
                         "latest": {"name": "2.0.9"}}]}  # fmt: skip
    one = parse_lifecycle("acme", file)
    ((_slug, other),) = read_lifecycles(orjson.dumps({"result": [api]}))
    assert isinstance(other, Lifecycle)
    assert (one.title, one.identifiers, one.link) == (other.title, other.identifiers, other.link)
    for at in (date(2023, 1, 1), date(2024, 5, 1), date(2030, 1, 1)):
        assert support_of(one.cycles[0], at) == support_of(other.cycles[0], at)


@pytest.mark.parametrize(
    ("cycle", "standing"),
    [
        (Cycle("1", security=End(date(2026, 6, 1))), Standing.ACTIVE),
        (Cycle("1", active=End(date(2025, 1, 1)), security=End(date(2026, 6, 1))), Standing.SECURITY),
        (Cycle("1", security=End(date(2026, 1, 1))), Standing.ENDED),
        (Cycle("1", security=End(date(2025, 1, 1)), extended=End(date(2027, 1, 1))), Standing.EXTENDED),
        (Cycle("1", security=End(None, True)), Standing.ENDED),
        (Cycle("1", security=End(None, False)), Standing.ACTIVE),
        (Cycle("1"), Standing.UNKNOWN),
        (Cycle("1", discontinued=End(date(2020, 1, 1))), Standing.ENDED),
    ],
)
def test_where_a_cycle_stands_on_the_first_of_january(cycle: Cycle, standing: Standing) -> None:
    assert support_of(cycle, date(2026, 1, 1)).standing is standing


_DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1))
_ENDS = st.builds(End, st.none() | _DAYS, st.none() | st.booleans())


@given(
    st.builds(Cycle, st.just("1"), active=_ENDS, security=_ENDS, extended=_ENDS, discontinued=_ENDS), _DAYS
)
def test_support_never_comes_back(cycle: Cycle, at: date) -> None:
    order = [Standing.ACTIVE, Standing.SECURITY, Standing.EXTENDED, Standing.ENDED]
    before, after = support_of(cycle, at).standing, support_of(cycle, at + timedelta(days=400)).standing
    if Standing.UNKNOWN not in {before, after}:
        assert order.index(before) <= order.index(after)


@given(st.lists(st.from_regex(r"\A\d{1,2}(\.\d{1,2}){0,2}\Z"), min_size=1, max_size=6, unique=True))
def test_a_version_is_of_the_longest_cycle_that_begins_it(names: list[str]) -> None:
    product = Lifecycle("p", "P", "app", (), tuple(Cycle(name) for name in names))
    for name in names:
        found = cycle_of(product, f"{name}.7777")
        assert found is not None
        assert found.name.split(".") == name.split(".")


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b"3", orjson.dumps({"x": 1}), orjson.dumps({"x": {"releases": [{"eol": "soon"}]}})],
)
def test_what_is_no_such_document_is_refused_with_its_place(content: bytes) -> None:
    try:
        read = list(read_lifecycles(content))
    except RecordError:
        return
    assert read
    assert all(isinstance(one, RecordError) for _slug, one in read)


_FIELDS = st.sampled_from(["releases", "eol", "releaseCycle", "name", "identifiers", "latest"])
_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(_FIELDS, one),
)


@given(_ANY)
def test_any_product_is_read_or_refused(product: object) -> None:
    with suppress(RecordError):
        assert parse_lifecycle("acme", product).slug == "acme"
