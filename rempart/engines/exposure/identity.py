"""Which product a statement is about: normalised identity keys, each with its confidence.

Keys: ``purl:type/namespace/name`` (``@release`` for a package of one release of a distribution),
``cpe:part:vendor:product`` and ``name:vendor/product``; ``packaged:name`` for the product inside a
distribution's package, and ``family:…`` for a name wider than a product (see ``families``). A product's
name without its vendor is never a key: "mysql" inside a driver's name is not MySQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from packageurl import PackageURL

from rempart.engines.exposure import distributions
from rempart.engines.exposure.aliases import Aliases, AliasRow
from rempart.engines.exposure.cpe import parse_cpe, year_of
from rempart.engines.exposure.display import office_product, read_display_name, read_server, read_winget
from rempart.engines.exposure.families import PREFIX, bare_family, families_of, meant_by_catalogue
from rempart.engines.exposure.model import Affected, Component
from rempart.engines.exposure.names import brand, product_name, vendor_name, vendor_within
from rempart.engines.exposure.windows import WindowsName, read_windows, windows_of_cpe

__all__ = ["AliasRow", "Aliases", "Keys", "affected_keys", "component_keys", "parse_purl"]

Keys = tuple[tuple[str, float], ...]

PURL, CPE, NAME, NAME_FROM_CPE, NAME_FROM_REPOSITORY = 1.0, 0.95, 0.9, 0.85, 0.8
VENDOR_IN_PRODUCT, NAME_AS_DISPLAYED, WITHOUT_KIND = 0.85, 0.85, 0.75
ONE_OF_SEVERAL, PACKAGED, WITHOUT_UPDATE, ANY_RELEASE = 0.7, 0.7, 0.6, 0.6
FAMILY = 0.4

_MAX_PURL = 1024
_MAX_PRODUCTS = 8
_REPOSITORY = re.compile(r"https?://github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?/?", re.ASCII)
# "PostgreSQL 13", version 13.4: the version's first number once more.
_NUMBERED = re.compile(r"(?P<name>[^0-9].*?)[ _-]v?(?P<major>[0-9]{1,3}(?:\.[0-9]{1,3})?)")
_LIST = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+", re.IGNORECASE)
# "Windows Server 2022, 23H2 Edition" is one product, and not Windows Server 2022.
_QUALIFIER = re.compile(r"^(?:version\b|v?\d)|\bedition\b", re.IGNORECASE)
_UPDATE = re.compile(
    r"(?:\s+(?:(?:cumulative update|service pack|update rollup|preview)\s+\d+"
    r"|(?:for\s+)?\(?(?:CU|SP|RU)\s*\d+\)?"
    r"|for (?:x64|32-bit|64-bit|arm64)[\w -]{0,40}|\((?:32|64)-bit editions?\)|\((?:GDR|QFE)\)"
    r"|azure connect feature pack)){1,3}$",
    re.IGNORECASE,
)
# Last words that say what kind of thing a product is, and tell no two products of a vendor apart.
_KIND = re.compile(
    r"(?:[\s_]+(?:firmware|software|routers?|devices?|appliances?|operating[\s_]system|web[\s_]ui|"
    r"(?:switches|series)))+$|['\u2019]s\s.*$",
    re.IGNORECASE,
)
_SPELLED_OUT = re.compile(r"[A-Z][A-Z0-9-]{1,9}\s*\((?P<name>[^()]{6,80})\)")
# Registries named by ``collectionURL`` (CVE JSON 5) → purl type.
_REGISTRIES = (
    ("repo.maven.apache.org", "maven"),
    ("repo1.maven.org", "maven"),
    ("search.maven.org", "maven"),
    ("pypi.org", "pypi"),
    ("pypi.python.org", "pypi"),
    ("mvnrepository.com", "maven"),
    ("central.sonatype.com", "maven"),
    ("files.pythonhosted.org", "pypi"),
    ("npmjs", "npm"),
    ("packagist.org", "composer"),
    ("rubygems.org", "gem"),
    ("crates.io", "cargo"),
    ("nuget.org", "nuget"),
    ("pkg.go.dev", "golang"),
    ("wordpress.org/plugins", "wordpress-plugin"),
    ("wordpress.org/themes", "wordpress-theme"),
)
# Distributions number their packages their own way: their versions say nothing of the product's.
_DISTRIBUTIONS = (
    ("access.redhat.com/downloads/content/package-browser", "rpm/redhat"),
    ("catalog.redhat.com", "oci/redhat"),
    ("access.redhat.com", ""),
    ("packages.fedoraproject.org", "rpm/fedora"),
    ("openeuler", "rpm/openeuler"),
)
# Extensions of WordPress under the types and namespaces that tools give them.
_EXTENSIONS = {
    ("wordpress", ""): ("wordpress-plugin", ""),
    ("wordpress", "plugins"): ("wordpress-plugin", ""),
    ("wordpress", "themes"): ("wordpress-theme", ""),
    ("composer", "wpackagist-plugin"): ("wordpress-plugin", ""),
    ("composer", "wpackagist-theme"): ("wordpress-theme", ""),
}
_PACKAGE = re.compile(r"[\w.+:/@~-]{1,200}", re.ASCII)


def component_keys(component: Component) -> Keys:
    """Identity keys of an installed component, most certain first; none when nothing identifies it."""
    keys = dict(_purl_keys(component.purl, component.version))
    _keep(keys, _cpe_keys(component.cpe, component.version))
    named = _installed_name_keys(component.vendor, component.product, component.version)
    # "SharePoint Server 2019" says which of the family a CPE name without its year leaves open.
    for family in _families_of_names(named):
        keys.pop(family, None)
    _keep(keys, named)
    return _ordered(keys)


def affected_keys(affected: Affected) -> Keys:
    """Identity keys of one product statement; none when it names no product ("n/a")."""
    keys = dict(_published_purl_keys(affected.purl))
    package = affected.package_name.strip()
    if package:
        place = next((kind for url, kind in _DISTRIBUTIONS if url in affected.collection_url.lower()), None)
        if place is not None:
            _keep(keys, _distribution_keys(place, package, affected))
            return _ordered(keys)
        _keep(keys, _package_keys(package, affected.collection_url))
    for cpe in affected.cpes:
        _keep(keys, _cpe_keys(cpe, part_of=True))
    _keep(keys, _published_name_keys(affected.vendor, affected.product))
    _keep(keys, _repository_keys(affected.product))
    if affected.source == "kev":
        _keep(keys, _catalogue_keys(affected.vendor, affected.product))
    return _ordered(keys)


@lru_cache(maxsize=1 << 16)
def parse_purl(text: str) -> PackageURL | None:
    """A package URL, or None when the text is not one."""
    if not text or len(text) > _MAX_PURL:
        return None
    scheme, colon, rest = text.strip().partition(":")
    try:
        return PackageURL.from_string(f"{scheme.lower()}{colon}{rest}")
    except ValueError:
        return None


def _purl_keys(text: str, version: str = "") -> Keys:
    purl = parse_purl(text)
    if purl is None:
        return ()
    if purl.type in distributions.TYPES:
        return _packaged_keys(purl, version)
    if purl.type == "winget":
        return _winget_keys(purl.name if not purl.namespace else f"{purl.namespace}.{purl.name}")
    kind, space = _EXTENSIONS.get((purl.type, purl.namespace or ""), (purl.type, purl.namespace or ""))
    keys: list[tuple[str, float]] = [(_purl_key(kind, space, purl.name), PURL)]
    owner = (purl.namespace or "").lower()
    if purl.type == "golang" and owner.startswith("github.com/"):
        owner = owner.removeprefix("github.com/")
    elif purl.type != "github":
        owner = ""
    if owner and "/" not in owner:
        keys.append((_purl_key("github", owner, purl.name), PURL))
        keys.extend(_at_most(NAME_FROM_REPOSITORY, _name_keys(owner, purl.name)))
    return tuple(keys)


def _published_purl_keys(text: str) -> Keys:
    """Keys of a published package URL: a distribution's statement is about its own package, in one release.

    It says nothing of the vendor's product, nor of the package in another release, whose corrections
    have other numbers.
    """
    purl = parse_purl(text)
    if purl is None or purl.type not in distributions.TYPES:
        return _purl_keys(text)
    named = _packaged_keys(purl, "")
    anyones = (_of_any_distribution(purl.type, purl.name.lower()), FAMILY)
    if "@" in named[0][0]:
        whole = named[1][0].removeprefix("purl:")
        return (named[0], (f"{PREFIX}{whole}", FAMILY), anyones)
    return (named[0], anyones)


def _packaged_keys(purl: PackageURL, version: str) -> Keys:
    """A distribution's package: in its release, in any, and the product that it packages (``packaged:``)."""
    qualifiers = purl.qualifiers if isinstance(purl.qualifiers, dict) else {}
    release = distributions.release_of(
        qualifiers.get("distro", "") or qualifiers.get("distro_name", ""), version or purl.version or ""
    )
    space, name = (purl.namespace or "").lower(), purl.name.lower()
    found = _release_keys(purl.type, space, name, release)
    source, _ = distributions.source_of(purl.type, qualifiers.get("upstream", ""))
    if not source or source == name:
        return found
    # Distributions speak of source packages. A vendor's product is not all that is built from its sources.
    built_from = _release_keys(purl.type, space, source, release)
    return (*found, *(one for one in built_from if not one[0].startswith("packaged:")))


def _of_any_distribution(kind: str, name: str) -> str:
    """The family of a package's name in every distribution: an inventory may leave unsaid which."""
    return f"{PREFIX}{kind}/{name}"


def _release_keys(kind: str, namespace: str, name: str, release: str) -> Keys:
    if not namespace:
        return ((_of_any_distribution(kind, name), FAMILY), (f"packaged:{name}", PACKAGED))
    named = distributions.package_keys(kind, namespace, name, release)
    keys = [(key, PURL) for key in named]
    if not release:
        keys.append((f"{PREFIX}{named[-1].removeprefix('purl:')}", FAMILY))
    return (*keys, (f"packaged:{name}", PACKAGED))


def _distribution_keys(place: str, package: str, affected: Affected) -> Keys:
    """A distribution's own statement about its package, in the release that it is about."""
    name = package.rpartition("/")[2].lower() if place.startswith("rpm") else package.lower()
    if not place or not _PACKAGE.fullmatch(name):
        return ()
    release = ""
    if place == "rpm/redhat":
        release = distributions.red_hat_release(affected.product, affected.cpes)
    elif place == "rpm/fedora":
        release = distributions.release_of("", f".fc{affected.product.rpartition(' ')[2]}")
    whole = f"purl:{place}/{name}"
    anyones = (_of_any_distribution(place.partition("/")[0], name), FAMILY)
    if not release:
        return ((whole, PURL), anyones)
    return ((f"{whole}@{release}", PURL), (f"{PREFIX}{place}/{name}", FAMILY), anyones)


def _purl_key(kind: str, namespace: str, name: str) -> str:
    if kind == "pypi":
        name = re.sub(r"[-_.]+", "-", name)  # PyPA, "Names and normalization"
    return "purl:" + "/".join(part for part in (kind, namespace, name) if part).lower()


def _package_keys(package: str, collection_url: str) -> Keys:
    kind = next((kind for place, kind in _REGISTRIES if place in collection_url.lower()), "")
    if not kind:
        return _repository_keys(package)
    path = package.replace(":", "/") if kind == "maven" else package
    return ((_purl_key(kind, "", path.strip("/")), PURL),)


def _repository_keys(text: str) -> Keys:
    found = _REPOSITORY.fullmatch(text.strip())
    return ((_purl_key("github", found.group(1), found.group(2)), PURL),) if found else ()


def _cpe_keys(text: str, version: str = "", *, part_of: bool = False) -> Keys:
    """``part_of``: a published product also stands for the families to which it belongs."""
    cpe = parse_cpe(text) if text else None
    if cpe is None:
        return ()
    if cpe.vendor == "microsoft" and cpe.part == "o":
        windows = windows_of_cpe(cpe.product, version or cpe.version or cpe.update)
        if windows is not None:
            return _windows_keys(windows, part_of)
    product, year = cpe.product, year_of(cpe)
    if year:
        product = f"{product}_ltsc_{year}" if cpe.sw_edition == "ltsc" else f"{product}_{year}"
    elif cpe.vendor == "microsoft" and cpe.sw_edition == "subscription":
        product, year = f"{product}_subscription_edition", cpe.sw_edition
    keys = [
        (f"cpe:{cpe.part}:{cpe.vendor}:{product}", CPE),
        *_at_most(NAME_FROM_CPE, _name_keys(cpe.vendor, product, part_of)),
    ]
    if part_of and product.endswith("_firmware"):
        keys += _at_most(WITHOUT_KIND, _name_keys(cpe.vendor, product.removesuffix("_firmware")))
    elif not part_of and not year and cpe.vendor == "microsoft":
        family = bare_family(cpe.vendor, product_name(product, cpe.vendor))
        keys += [(family, FAMILY)] if family else []
    return tuple(keys)


def _windows_keys(windows: WindowsName, part_of: bool) -> Keys:
    """A release that is known, or the family: an installed Windows of an unknown release is ambiguous."""
    keys: list[tuple[str, float]] = []
    if windows.key:
        keys.append((windows.key, CPE))
    if windows.any_release and (not part_of or not windows.key):
        keys.append((windows.any_release, ANY_RELEASE))
    if part_of:
        keys += [(family, FAMILY) for family in windows.families]
    elif not windows.key:
        keys.append((windows.families[-1], FAMILY))
    return tuple(keys)


def _installed_name_keys(vendor: str, product: str, version: str) -> Keys:
    """Keys of an inventory's names: what the vendor's name says, what the product's alone does."""
    maker = vendor_name(vendor)
    if maker in {"", "microsoft"}:
        windows = read_windows(product, version)
        if windows is not None and (maker or "microsoft" in product[:40].casefold()):
            return _windows_keys(windows, part_of=False)
    stated = maker or vendor_within(product)
    certainty = NAME if maker else VENDOR_IN_PRODUCT
    known = _without_edition(product) if stated == "microsoft" else ""
    if known:
        return _at_most(certainty, _name_keys(stated, known))
    keys = dict(_keys_of_name(maker, product))
    package = distributions.of_vendor(maker)
    if package is not None and _PACKAGE.fullmatch(product):
        _keep(keys, _release_keys(*package, product.lower(), distributions.release_of("", version)))
    if stated and len(product) <= 200 and (product[-1:].isdigit() or product[-1:] == ")"):
        _keep(keys, _without_number(stated, product, version))
    return tuple(keys.items())


@lru_cache(maxsize=1 << 15)
def _keys_of_name(maker: str, product: str) -> Keys:
    """What an inventory's names say whatever the version; ``maker`` is already in one spelling."""
    stated = maker or vendor_within(product)
    keys: dict[str, float] = {}
    displayed = read_display_name(product)
    if displayed is not None:
        for named in dict.fromkeys((stated or displayed.maker, displayed.maker)):
            _keep(keys, _at_most(NAME_AS_DISPLAYED, _plain_keys(named, displayed.product)))
    if not maker and not displayed:
        _keep(keys, _winget_keys(product))
    _keep(keys, _at_most(NAME if maker else VENDOR_IN_PRODUCT, _plain_keys(stated, product)))
    family = bare_family(stated, product_name(product, stated)) if stated else ""
    if family:
        keys[family] = FAMILY
    return tuple(keys.items())


def _without_number(vendor: str, product: str, version: str) -> Keys:
    """Keys of a name that ends with an update ("… 2019 CU 13") or with its version's first number."""
    shorter = _UPDATE.sub("", product)
    keys = _at_most(WITHOUT_UPDATE, _name_keys(vendor, shorter)) if shorter != product else ()
    numbered = _NUMBERED.fullmatch(product)
    if numbered is None or not f"{version}.".startswith(f"{numbered['major']}."):
        return keys
    return (*keys, *_at_most(WITHOUT_KIND, _plain_keys(vendor, numbered["name"])))


def _plain_keys(vendor: str, product: str) -> Keys:
    """The names as stated, and without the last words that only say what kind of thing it is."""
    shorter = _KIND.sub("", product)
    if shorter == product or not shorter:
        return _name_keys(vendor, product)
    return (*_name_keys(vendor, product), *_at_most(WITHOUT_KIND, _name_keys(vendor, shorter)))


def _winget_keys(identifier: str) -> Keys:
    named = read_winget(identifier)
    return _at_most(NAME_AS_DISPLAYED, _name_keys(*named)) if named is not None else ()


def _published_name_keys(vendor: str, product: str) -> Keys:
    """Keys of a record's names: one product, several in a list, one with its update."""
    keys: dict[str, float] = {}
    stated = vendor if vendor_name(vendor) else vendor_within(product)
    if vendor_name(stated) == "microsoft":
        windows = read_windows(product)
        if windows is not None:
            return _windows_keys(windows, part_of=True)
        known = _without_edition(product)
        if known:
            return _name_keys(stated, known, part_of=True)
    certainty = NAME if vendor_name(vendor) else VENDOR_IN_PRODUCT
    _keep(keys, _at_most(certainty, _name_keys(stated, product, part_of=True)))
    shorter = _KIND.sub("", product)
    spelled = _SPELLED_OUT.fullmatch(product.strip())
    for other in {shorter, spelled["name"] if spelled is not None else product} - {product, ""}:
        _keep(keys, _at_most(WITHOUT_KIND, _name_keys(stated, other, part_of=True)))
    parts = [part for part in _LIST.split(product) if part] if len(product) <= 300 else []
    if 1 < len(parts) <= _MAX_PRODUCTS and not any(_QUALIFIER.search(part) for part in parts[1:]):
        for part in parts:
            _keep(keys, _at_most(ONE_OF_SEVERAL, _plain_keys(stated, part)))
    without_update = _UPDATE.sub("", product)
    if without_update != product:
        _keep(keys, _at_most(WITHOUT_UPDATE, _name_keys(stated, without_update)))
    return tuple(keys.items())


def _without_edition(product: str) -> str:
    """One name for the editions of Microsoft's Office and the branches of its servers; empty for another."""
    server = read_server(product)
    return server.name if server is not None else office_product(product)


def _catalogue_keys(vendor: str, product: str) -> Keys:
    """What an entry of the KEV catalogue means: one name or each of several, families and parts."""
    maker = vendor_name(vendor)
    if not maker:
        return ()
    whole = product_name(product, maker) or "multipleproducts"
    names = [whole, *(product_name(part, maker) for part in _LIST.split(product))]
    meant = dict.fromkeys(key for name in names for key in meant_by_catalogue(maker, name))
    return tuple((key, FAMILY if key.startswith(PREFIX) else ONE_OF_SEVERAL) for key in meant)


def _name_keys(vendor: str, product: str, part_of: bool = False) -> Keys:
    maker = brand(vendor_name(vendor), product)
    name = product_name(product, maker) if maker else ""
    if not name:
        return ()
    keys = ((f"name:{maker}/{name}", NAME),)
    return (*keys, *((family, FAMILY) for family in families_of(maker, name))) if part_of else keys


def _families_of_names(keys: Keys) -> Iterator[str]:
    for key, _ in keys:
        if key.startswith("name:"):
            yield from families_of(*key.removeprefix("name:").split("/", 1))


def _at_most(confidence: float, keys: Keys) -> Keys:
    return tuple((key, min(confidence, certainty)) for key, certainty in keys)


def _keep(keys: dict[str, float], more: Keys) -> None:
    for key, confidence in more:
        keys[key] = max(confidence, keys.get(key, 0.0))


def _ordered(keys: dict[str, float]) -> Keys:
    return tuple(sorted(keys.items(), key=lambda item: (-item[1], item[0])))
