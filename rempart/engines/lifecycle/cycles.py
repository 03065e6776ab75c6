"""Which cycle a component is of, and where that cycle stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from rempart.engines.exposure.aliases import Aliases, AliasRow
from rempart.engines.exposure.distributions import TYPES
from rempart.engines.exposure.identity import component_keys, parse_purl
from rempart.engines.exposure.installed import installed
from rempart.engines.exposure.model import Component
from rempart.engines.exposure.names import product_name, vendor_within
from rempart.engines.exposure.windows import WindowsName, read_windows, windows_of_cpe
from rempart.engines.lifecycle.model import Cycle, Lifecycle, Standing

SOURCE = "endoflife.date"
_FROM_IDENTIFIER = 0.9
# Identifiers that say where a product is packed, and not what it is.
_PLACES = TYPES | {"docker", "oci", "os"}
# Products without identifiers in the source whose titles do not begin with a vendor's name.
_KEYS: dict[str, tuple[str, ...]] = {
    "big-ip": ("cpe:a:f5:big-ip",),
    "confluence": ("cpe:a:atlassian:confluence_server", "cpe:a:atlassian:confluence_data_center"),
    "jira-software": ("cpe:a:atlassian:jira_server", "cpe:a:atlassian:jira_data_center"),
    "dotnetfx": ("name:microsoft/netframework", "cpe:a:microsoft:.net_framework"),
    "internet-explorer": ("cpe:a:microsoft:internet_explorer",),
    "ios": ("cpe:o:apple:iphone_os", "name:apple/ios"),
    "pan-os": ("cpe:o:paloaltonetworks:pan-os",),
    "sns-firmware": ("name:stormshield/networksecurity", "cpe:o:stormshield:stormshield_network_security"),
    "visual-studio": ("cpe:a:microsoft:visual_studio", "family:microsoft/visual_studio"),
}
# Products whose cycles are named by a year that their names carry, under any key of their family.
_BY_YEAR: dict[str, re.Pattern[str]] = {
    "office": re.compile(r"^office(?P<ltsc>ltsc)?(?P<year>20\d\d)"),
    "msexchange": re.compile(r"^exchange(?:server)?(?P<year>20\d\d|subscription)"),
    "sharepoint": re.compile(r"^sharepoint(?:enterprise)?(?:server)?(?P<year>20\d\d|subscription)"),
    "mssqlserver": re.compile(r"^sqlserver(?P<year>20\d\d)"),
}
_LEADING = re.compile(r"^(?:v|r|release[ -]?|version[ -]?)?(?=\d)", re.IGNORECASE)
_JAVA_OLD = re.compile(r"^1\.(\d)(?=[._]|$)")
_JAVA_UPDATE = re.compile(r"^(\d{1,2})u\d+")
_JAVA = frozenset(
    {"oracle-jdk", "eclipse-temurin", "amazon-corretto", "azul-zulu", "redhat-build-of-openjdk"}
)
_LETTERS = re.compile(r"(?<=\d)[a-z]{1,2}\d*$")
_MOST_PARTS = 4
_ENTERPRISE = re.compile(r"\b(?:enterprise|entreprise|education|datacenter)\b", re.IGNORECASE)
_LTSC = re.compile(r"\blts[cb]\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Located:
    """The product a component is, and its cycle (None: no cycle covers its version)."""

    slug: str
    cycle: Cycle | None
    confidence: float
    key: str


@dataclass(frozen=True, slots=True)
class Support:
    """Where a cycle stands on a day, and when its corrections of security end (None: no date stated)."""

    standing: Standing
    ends_on: date | None


class Index:
    """Products by the keys that name them."""

    def __init__(self, lifecycles: Iterable[Lifecycle], aliases: Aliases) -> None:
        self._aliases = aliases
        self._products: dict[str, Lifecycle] = {}
        self._by_key: dict[str, str] = {}
        claimed: dict[str, set[str]] = {}
        for one in lifecycles:
            self._products[one.slug] = one
            for key in {aliases.canonical(key)[0] for key in keys_of(one)}:
                claimed.setdefault(key, set()).add(one.slug)
        # A name that two products bear ("cpe:a:oracle:jdk" of several builds) decides for neither.
        self._by_key = {key: next(iter(slugs)) for key, slugs in claimed.items() if len(slugs) == 1}

    def locate(self, component: Component) -> Located | None:
        """The product and cycle of a component; None when no product of the source is it."""
        windows = _windows(component)
        if windows is not None:
            return self._windows(windows, component)
        held = installed(component)
        if held.upstream:
            return None
        keys = component_keys(component)
        named = self._by_name(keys)
        if named is not None:
            return named
        for key, confidence in keys:
            canonical, certainty = self._aliases.canonical(key)
            slug = self._by_key.get(canonical)
            if slug is not None:
                cycle = cycle_of(self._products[slug], held.version)
                return Located(slug, cycle, round(confidence * certainty, 4), canonical)
        return None

    def _by_name(self, keys: tuple[tuple[str, float], ...]) -> Located | None:
        for key, confidence in keys:
            _scheme, _colon, rest = key.partition(":microsoft/")
            for slug, pattern in _BY_YEAR.items() if key.startswith("name:microsoft/") else ():
                found = pattern.match(rest)
                if found is None or slug not in self._products:
                    continue
                cycles = self._products[slug].cycles
                wanted = _year_names(found)
                cycle = next((one for name in wanted for one in cycles if _is_named(one, name)), None)
                return Located(slug, cycle, confidence, key)
        return None

    def _windows(self, windows: WindowsName, component: Component) -> Located | None:
        server = windows.families[-1].endswith("_server")
        product = self._products.get("windows-server" if server else "windows")
        if product is None:
            return None
        name = windows.product.removeprefix("windows_server_" if server else "windows_").replace("_", "-")
        suffixes = ["", "-sac", "-ac", "-sp1", "-sp2", "-sp3"]
        if not server:
            text = f"{component.product} {component.cpe}"
            edition = ["-e", "-w"] if _ENTERPRISE.search(text) or _LTSC.search(text) else ["-w", "-e"]
            suffixes = [*(["-e-lts"] if _LTSC.search(text) else []), "", *edition, "-sp1", "-sp2", "-sp3"]
        names = {one.name: one for one in product.cycles}
        cycle = next((names[name + end] for end in suffixes if name and name + end in names), None)
        return Located(product.slug, cycle, 0.95 if windows.key else 0.6, windows.key or windows.families[-1])


def index(lifecycles: Iterable[Lifecycle], aliases: Aliases) -> Index:
    """The products of a reading, found by their identifiers, their aliases and their names."""
    return Index(lifecycles, aliases)


def keys_of(product: Lifecycle) -> Iterator[str]:
    """Identity keys of a product of the source: its identifiers that name it, else its title."""
    found = False
    for identifier in product.identifiers:
        for key in _identifier_keys(identifier):
            found = True
            yield key
    yield from _KEYS.get(product.slug, ())
    maker = vendor_within(product.title)
    if not found and maker:
        yield f"name:{maker}/{product_name(product.title, maker)}"


def aliases_from(lifecycles: Iterable[Lifecycle], builtin: Aliases) -> list[AliasRow]:
    """What the source's identifiers join: the names of one product, and the packages that hold it.

    A key that is already joined, or that two products claim, is left as it is.
    """
    claimed: dict[str, set[str]] = {}
    rows: list[AliasRow] = []
    products = [(one, list(dict.fromkeys(_joined_keys(one)))) for one in lifecycles]
    for one, keys in products:
        for key in keys:
            claimed.setdefault(key, set()).add(one.slug)
    for _one, keys in products:
        own = [key for key in keys if len(claimed[key]) == 1]
        known = [builtin.canonical(key)[0] for key in own]
        joined = {after for key, after in zip(own, known, strict=True) if after != key}
        heads = sorted(joined) or [key for key in own if key.startswith("cpe:")] or own
        if not heads or len(joined) > 1 or heads[0].startswith("packaged:"):
            continue
        rows += [
            AliasRow(key, heads[0], _FROM_IDENTIFIER, SOURCE)
            for key, after in zip(own, known, strict=True)
            if after == key and key != heads[0] and not key.startswith("family:")
        ]
    return rows


def _joined_keys(product: Lifecycle) -> Iterator[str]:
    if product.category == "os":
        return  # the vendor's word for an operating system is often its whole family
    for identifier in product.identifiers:
        yield from _identifier_keys(identifier)
        purl = parse_purl(identifier) if identifier.startswith("pkg:") else None
        if purl is not None and purl.type in TYPES:
            yield f"packaged:{purl.name.lower()}"


def _identifier_keys(identifier: str) -> Iterator[str]:
    if identifier.startswith("pkg:"):
        purl = parse_purl(identifier)
        if purl is not None and purl.type not in _PLACES:
            yield component_keys(Component("", purl=identifier))[0][0]
    elif identifier.lower().startswith("cpe:"):
        text = identifier if not identifier.startswith("cpe:2.3:") else _whole_cpe(identifier)
        keys = component_keys(Component("", cpe=text))
        yield from (key for key, _confidence in keys if key.startswith("cpe:"))


def _whole_cpe(text: str) -> str:
    """The source shortens CPE 2.3 names to their product: the rest is "any"."""
    return text + ":*" * max(0, 13 - text.count(":") - 1)


def _windows(component: Component) -> WindowsName | None:
    if component.cpe.lower().startswith(("cpe:2.3:o:microsoft:windows", "cpe:/o:microsoft:windows")):
        keys = [
            key
            for key, _confidence in component_keys(
                Component("", cpe=component.cpe, version=component.version)
            )
        ]
        for key in keys:
            found = windows_of_cpe(key.rpartition(":")[2], component.version)
            if found is not None:
                return found
    if "microsoft" in f"{component.vendor} {component.product}".casefold():
        return read_windows(component.product, component.version)
    return None


def _year_names(found: re.Match[str]) -> list[str]:
    year = found["year"]
    return [f"{year}-ltsc", year] if found.groupdict().get("ltsc") else [year]


def _is_named(cycle: Cycle, name: str) -> bool:
    return name in {cycle.name, cycle.label} or cycle.label.startswith(f"{name} ")


def cycle_of(product: Lifecycle, version: str) -> Cycle | None:
    """The cycle whose name is the longest beginning of the version ("8.0" of "8.0.35"); None when none is."""
    text = _LEADING.sub("", version.strip())
    if product.slug in _JAVA:
        text = _JAVA_UPDATE.sub(r"\1", _JAVA_OLD.sub(r"\1", text))
    parts = [part for part in re.split(r"[.\-_+~: ]", text.casefold()) if part][:_MOST_PARTS]
    names = _names(product.cycles)
    for count in range(len(parts), 0, -1):
        last = _LETTERS.sub("", parts[count - 1])  # "1.1.1k" is of the cycle 1.1.1
        found = names.get(tuple(parts[:count])) or names.get((*parts[: count - 1], last))
        if found is not None:
            return found
    named = version.strip().casefold()
    return next(
        (one for one in product.cycles if named and named in {one.label.casefold(), one.codename.casefold()}),
        None,
    )


def _names(cycles: tuple[Cycle, ...]) -> Mapping[tuple[str, ...], Cycle]:
    """Cycles by their names cut in parts; "13.0-sp3" also answers to "13.0" when no other does."""
    names: dict[tuple[str, ...], Cycle] = {}
    shorter: dict[tuple[str, ...], Cycle] = {}
    for cycle in cycles:
        parts = tuple(part for part in re.split(r"[.\-_ ]", cycle.name.casefold()) if part)
        names.setdefault(parts, cycle)
        numbers = tuple(part for part in parts if part.isdigit())
        if numbers and numbers != parts:
            shorter.setdefault(numbers, cycle)
    return {**shorter, **names}


def support_of(cycle: Cycle, at: date) -> Support:
    """Where a cycle stands on a day: its end is that of corrections of security, or its discontinuation."""
    end = cycle.security if cycle.security.reached(at) is not None else cycle.discontinued
    past = end.reached(at)
    if past is None:
        return Support(Standing.UNKNOWN, None)
    if past:
        longer = cycle.extended.reached(at)
        return Support(Standing.EXTENDED if longer is False and cycle.extended.on else Standing.ENDED, end.on)
    return Support(Standing.SECURITY if cycle.active.reached(at) else Standing.ACTIVE, end.on)
