"""Which product a statement is about: normalised identity keys, each with its confidence.

Keys: ``purl:type/namespace/name``, ``cpe:part:vendor:product`` and ``name:vendor/product``. A
product's name without its vendor is never a key: "mysql" inside a driver's name is not MySQL.
"""

from __future__ import annotations

import re
from functools import lru_cache

from packageurl import PackageURL

from rempart.engines.exposure.aliases import Aliases, AliasRow
from rempart.engines.exposure.cpe import parse_cpe
from rempart.engines.exposure.model import Affected, Component
from rempart.engines.exposure.names import product_name, vendor_name

__all__ = ["AliasRow", "Aliases", "Keys", "affected_keys", "component_keys", "parse_purl"]

Keys = tuple[tuple[str, float], ...]

PURL, CPE, NAME, NAME_FROM_CPE, NAME_FROM_REPOSITORY = 1.0, 0.95, 0.9, 0.85, 0.8
ONE_OF_SEVERAL, WITHOUT_UPDATE = 0.7, 0.6

_MAX_PURL = 1024
_MAX_PRODUCTS = 8
_REPOSITORY = re.compile(r"https?://github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?/?", re.ASCII)
# "Windows Server 2022, 23H2 Edition" is one product, and not Windows Server 2022.
_QUALIFIER = re.compile(r"^(?:version\b|v?\d)|\bedition\b", re.IGNORECASE)
_UPDATE = re.compile(r"\s+(?:cumulative update|service pack|update rollup)\s+\d+$", re.IGNORECASE)
# Registries named by ``collectionURL`` (CVE JSON 5) → purl type.
_REGISTRIES = (
    ("repo.maven.apache.org", "maven"),
    ("repo1.maven.org", "maven"),
    ("search.maven.org", "maven"),
    ("pypi.org", "pypi"),
    ("pypi.python.org", "pypi"),
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
_DISTRIBUTION = re.compile(r"access\.redhat\.com|packages\.fedoraproject\.org|catalog\.redhat\.com|openeuler")


def component_keys(component: Component) -> Keys:
    """Identity keys of an installed component, most certain first; none when nothing identifies it."""
    keys = dict(_purl_keys(component.purl))
    _keep(keys, _cpe_keys(component.cpe))
    _keep(keys, _name_keys(component.vendor, component.product))
    return _ordered(keys)


def affected_keys(affected: Affected) -> Keys:
    """Identity keys of one product statement; none when it names no product ("n/a")."""
    keys = dict(_purl_keys(affected.purl))
    package = affected.package_name.strip()
    if package:
        _keep(keys, _package_keys(package, affected.collection_url))
        if _DISTRIBUTION.search(affected.collection_url):
            return _ordered(keys)
    for cpe in affected.cpes:
        _keep(keys, _cpe_keys(cpe))
    _keep(keys, _name_keys(affected.vendor, affected.product))
    _keep(keys, _repository_keys(affected.product))
    parts = [part.strip() for part in affected.product.split(",")]
    if 1 < len(parts) <= _MAX_PRODUCTS and not any(_QUALIFIER.search(part) for part in parts[1:]):
        for part in parts:
            _keep(keys, _at_most(ONE_OF_SEVERAL, _name_keys(affected.vendor, part)))
    without_update = _UPDATE.sub("", affected.product)
    if without_update != affected.product:
        _keep(keys, _at_most(WITHOUT_UPDATE, _name_keys(affected.vendor, without_update)))
    return _ordered(keys)


@lru_cache(maxsize=1 << 16)
def parse_purl(text: str) -> PackageURL | None:
    """A package URL, or None when the text is not one."""
    if not text or len(text) > _MAX_PURL:
        return None
    try:
        return PackageURL.from_string(text.strip())
    except ValueError:
        return None


def _purl_keys(text: str) -> Keys:
    purl = parse_purl(text)
    if purl is None:
        return ()
    keys: list[tuple[str, float]] = [(_purl_key(purl.type, purl.namespace or "", purl.name), PURL)]
    owner = (purl.namespace or "").lower()
    if purl.type == "golang" and owner.startswith("github.com/"):
        owner = owner.removeprefix("github.com/")
    elif purl.type != "github":
        owner = ""
    if owner and "/" not in owner:
        keys.append((_purl_key("github", owner, purl.name), PURL))
        keys.extend(_at_most(NAME_FROM_REPOSITORY, _name_keys(owner, purl.name)))
    return tuple(keys)


def _purl_key(kind: str, namespace: str, name: str) -> str:
    return "purl:" + "/".join(part for part in (kind, namespace, name) if part).lower()


def _package_keys(package: str, collection_url: str) -> Keys:
    kind = next((kind for place, kind in _REGISTRIES if place in collection_url.lower()), "")
    if not kind:
        return _repository_keys(package)
    path = package.replace(":", "/") if kind == "maven" else package
    if kind == "pypi":
        path = re.sub(r"[-_.]+", "-", path)
    return ((f"purl:{kind}/{path.strip('/').lower()}", PURL),)


def _repository_keys(text: str) -> Keys:
    found = _REPOSITORY.fullmatch(text.strip())
    return ((_purl_key("github", found.group(1), found.group(2)), PURL),) if found else ()


def _cpe_keys(text: str) -> Keys:
    cpe = parse_cpe(text) if text else None
    if cpe is None:
        return ()
    key = (f"cpe:{cpe.part}:{cpe.vendor}:{cpe.product}", CPE)
    return (key, *_at_most(NAME_FROM_CPE, _name_keys(cpe.vendor, cpe.product)))


def _name_keys(vendor: str, product: str) -> Keys:
    maker = vendor_name(vendor)
    name = product_name(product, maker) if maker else ""
    return ((f"name:{maker}/{name}", NAME),) if name else ()


def _at_most(confidence: float, keys: Keys) -> Keys:
    return tuple((key, min(confidence, certainty)) for key, certainty in keys)


def _keep(keys: dict[str, float], more: Keys) -> None:
    for key, confidence in more:
        keys[key] = max(confidence, keys.get(key, 0.0))


def _ordered(keys: dict[str, float]) -> Keys:
    return tuple(sorted(keys.items(), key=lambda item: (-item[1], item[0])))
