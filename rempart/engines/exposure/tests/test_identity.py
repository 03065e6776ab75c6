"""Two spellings of one product meet; two products do not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.engines.exposure import Aliases, AliasRow, affected_keys, component_keys
from rempart.engines.exposure.aliases import BUILTIN_ALIASES
from rempart.engines.exposure.cpe import parse_cpe
from rempart.engines.exposure.model import Affected, Component
from rempart.engines.exposure.names import product_name, vendor_name

DATA = Path(__file__).resolve().parents[4].parent / "shared" / "data"


def _of(vendor: str, product: str) -> set[str]:
    return set(Aliases.builtin().resolve(component_keys(Component("c", vendor, product))))


def _named(vendor: str, product: str) -> set[str]:
    return set(Aliases.builtin().resolve(affected_keys(Affected("cna:x", vendor, product))))


@pytest.mark.parametrize(
    ("installed", "published"),
    [
        (("Apache", "Log4j 2"), ("Apache Software Foundation", "Apache Log4j2")),
        (("Microsoft Corporation", "Windows Server 2019 Standard"), ("Microsoft", "Windows Server 2019")),
        (
            ("Microsoft", "Windows Server 2019 Datacenter"),
            ("Microsoft", "Windows Server 2019 (Server Core installation)"),
        ),
        (("Cisco Systems, Inc.", "IOS XE"), ("Cisco", "Cisco IOS XE Software")),
        (("Cisco", "ASA"), ("Cisco", "Cisco Adaptive Security Appliance (ASA) Software")),
        (("Fortinet, Inc.", "FortiOS"), ("Fortinet", "Fortinet FortiOS, FortiProxy")),
        (("Citrix", "NetScaler ADC"), ("Cloud Software Group", "NetScaler ADC\u202f")),
        (("Palo Alto Networks", "PAN-OS"), ("palo_alto_networks", "pan-os")),
        (("Oracle", "MySQL"), ("Oracle Corporation", "MySQL Server")),
        (("Mozilla", "Mozilla Firefox (x64)"), ("Mozilla", "Firefox")),
        (
            ("Microsoft", "Exchange Server 2019"),
            ("Microsoft", "Microsoft Exchange Server 2019 Cumulative Update 13"),
        ),
        (("Zimbra", "Zimbra Collaboration Suite"), ("Synacor", "Zimbra Collaboration Suite (ZCS)")),
        (("Linux", "Linux Kernel"), ("Linux", "Linux")),
        (("VMware", "ESXi"), ("n/a", "VMware ESXi")),
        (("Société Élan S.A.", "Éditeur"), ("societe elan", "editeur")),
    ],
)
def test_spellings_of_one_product_meet(installed: tuple[str, str], published: tuple[str, str]) -> None:
    assert _of(*installed) & _named(*published)


@pytest.mark.parametrize(
    ("installed", "published"),
    [
        (("Open Driver Project", "MySQL ODBC driver"), ("Oracle Corporation", "MySQL Server")),
        (("", "MySQL Server"), ("Oracle Corporation", "MySQL Server")),
        (("n/a", "ESXi"), ("n/a", "ESXi")),
        (("ESET", "ESET Security for Microsoft SharePoint Server"), ("Microsoft", "SharePoint Server")),
        (("F5", "NGINX Plus"), ("F5", "NGINX Open Source")),
        (("Mozilla", "Firefox for iOS"), ("Mozilla", "Firefox")),
        (("Microsoft", "Windows Server 2019"), ("Microsoft", "Windows Server 2022")),
        (("Cisco", "IOS XR"), ("Cisco", "IOS XE Software")),
        (("Jenkins Project", "Jenkins Docker Swarm Plugin"), ("Jenkins Project", "Jenkins")),
        (("unknown", "unknown"), ("unknown", "unknown")),
        (("Apple", "Multiple Products"), ("Apple", "Multiple Products")),
    ],
)
def test_different_products_never_meet(installed: tuple[str, str], published: tuple[str, str]) -> None:
    assert not _of(*installed) & _named(*published)


@pytest.mark.parametrize(
    ("purl", "affected"),
    [
        (
            "pkg:maven/org.apache.struts/struts2-core@2.5.0",
            Affected("cna:x", package_name="org.apache.struts:struts2-core",
                     collection_url="https://repo.maven.apache.org/maven2"),
        ),
        ("pkg:pypi/Foo_Bar@1", Affected("cna:x", package_name="foo.bar", collection_url="https://pypi.python.org")),
        ("pkg:golang/github.com/grafana/grafana@v1.0.0", Affected("cna:x", "grafana", "grafana")),
        ("pkg:github/curl/curl@8.0", Affected("cna:x", "n/a", "https://github.com/curl/curl")),
        ("pkg:npm/%40scope/name@1.0.0", Affected("cna:x", purl="pkg:npm/%40scope/name")),
        ("pkg:generic/openssl@3.0.1", Affected("cna:x", cpes=("cpe:2.3:a:openssl:openssl:*:*:*:*:*:*:*:*",))),
    ],
)  # fmt: skip
def test_packages_meet_what_the_record_says_of_their_registry(purl: str, affected: Affected) -> None:
    aliases = Aliases.builtin()
    assert set(aliases.resolve(component_keys(Component("c", purl=purl)))) & set(
        aliases.resolve(affected_keys(affected))
    )


def test_a_distributions_package_is_not_the_product_it_packages() -> None:
    kernel = Affected(
        "cna:redhat", "Red Hat", "Red Hat Enterprise Linux 8", "kernel",
        "https://access.redhat.com/downloads/content/package-browser/",
        cpes=("cpe:/o:redhat:enterprise_linux:8",),
    )  # fmt: skip
    named = {key for key, _confidence in affected_keys(kernel)}
    assert named == {"purl:rpm/redhat/kernel@8", "family:rpm/redhat/kernel", "family:rpm/kernel"}
    installed = dict(component_keys(Component("c", purl="pkg:deb/debian/openssl@3.0.11-1~deb12u2")))
    assert installed["purl:deb/debian/openssl@12"] == 1.0
    assert not any(key.startswith(("cpe:", "name:")) for key in installed)


@pytest.mark.parametrize(
    ("text", "vendor", "product", "version"),
    [
        ("cpe:2.3:a:joomla:joomla\\!:4.1:*:*:*:*:*:*:*", "joomla", "joomla!", "4.1"),
        ("cpe:2.3:a:v\\:w:p\\\\q:-:*:*:*:*:*:*:*", "v:w", "p\\q", ""),
        ("cpe:/a:apache:log4j:2.0", "apache", "log4j", "2.0"),
        ("cpe:/a:v%7ew:p%2Fq", "v~w", "p/q", ""),
        ("CPE:2.3:O:Cisco:IOS:15.2\\(4\\)E3:*:*:*:*:*:*:*", "cisco", "ios", "15.2(4)e3"),
    ],
)
def test_cpe_names_are_unescaped(text: str, vendor: str, product: str, version: str) -> None:
    cpe = parse_cpe(text)
    assert cpe is not None
    assert (cpe.vendor, cpe.product, cpe.version) == (vendor, product, version)


@pytest.mark.parametrize(
    "text", ["", "cpe:2.3:a:b", "cpe:2.3:a:*:*:*:*:*:*:*:*:*:*", "cpe:/x:b:c", "purl", "cpe:/"]
)
def test_what_names_no_product_is_no_cpe(text: str) -> None:
    assert parse_cpe(text) is None


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=300), st.text(max_size=300))
def test_any_text_gives_keys_or_none_without_an_error(vendor: str, product: str, purl: str, cpe: str) -> None:
    component = Component("c", vendor, product, purl=f"pkg:{purl}", cpe=f"cpe:2.3:{cpe}")
    for key, confidence in component_keys(component):
        assert key.startswith(("purl:", "cpe:", "name:"))
        assert 0 < confidence <= 1


_NAME = st.text("abcxyz019 ", min_size=3, max_size=30).filter(vendor_name)


@given(_NAME, _NAME)
def test_case_punctuation_legal_form_and_repeated_vendor_change_nothing(vendor: str, product: str) -> None:
    maker = vendor_name(vendor)
    assert vendor_name(vendor.upper()) == maker
    assert vendor_name(f" {vendor}, Inc.") == vendor_name(f"{vendor.replace(' ', '_')} Corporation") == maker
    name = product_name(product, maker)
    assert product_name(product.upper().replace(" ", "-"), maker) == name
    if product_name(product, "") == name:  # the product's name does not start with the vendor's already
        assert product_name(f"{maker} {product}", maker) == name


def test_the_built_in_table_is_written_in_final_spelling() -> None:
    for row in BUILTIN_ALIASES:
        kind, _, rest = row.key.partition(":")
        if kind == "name":
            vendor, _, product = rest.partition("/")
            assert vendor_name(vendor) == vendor, row
            assert product_name(product, "") == product, row
        elif kind == "cpe":
            assert parse_cpe(f"cpe:/{rest}") is not None, row


def test_no_key_of_the_built_in_table_names_two_products() -> None:
    keys = [row.key for row in BUILTIN_ALIASES]
    assert len(keys) == len(set(keys))
    assert not set(keys) & {row.canonical for row in BUILTIN_ALIASES}


def test_a_persons_correction_holds_over_the_table_and_can_part_what_it_joined() -> None:
    joined = AliasRow("name:acme/portal", "cpe:a:acme:portail", 0.9, "analyst")
    parted = AliasRow("name:apache/log4j2", "name:apache/log4j2", 1.0, "analyst")
    aliases = Aliases.builtin([joined, parted])
    assert aliases.canonical("name:acme/portal") == ("cpe:a:acme:portail", 0.9)
    assert aliases.canonical("name:apache/log4j2") == ("name:apache/log4j2", 1.0)


def test_aliases_that_turn_in_a_circle_still_answer() -> None:
    aliases = Aliases([AliasRow("a", "b", 1.0, "x"), AliasRow("b", "a", 1.0, "x")])
    assert aliases.canonical("a")[0] in {"a", "b"}


def test_known_software_of_the_exploited_catalogue_resolves_to_the_table() -> None:
    path = DATA / "kev" / "known_exploited_vulnerabilities.json"
    if not path.exists():
        pytest.skip("the KEV catalogue is not beside the repository")
    canonical = {row.canonical for row in BUILTIN_ALIASES}
    found: set[str] = set()
    for entry in json.loads(path.read_text(encoding="utf-8"))["vulnerabilities"]:
        found |= _named(entry["vendorProject"], entry["product"]) & canonical
    assert {"cpe:a:apache:log4j", "cpe:o:fortinet:fortios", "cpe:a:progress:moveit_transfer"} <= found
    assert len(found) > 30


def test_an_edition_after_a_comma_is_not_a_list_of_products() -> None:
    edition = Affected(
        source="cna:microsoft",
        vendor="Microsoft",
        product="Windows Server 2022, 23H2 Edition (Server Core installation)",
        cpes=("cpe:2.3:o:microsoft:windows_server_23h2:10.0.25398.1009:*:*:*:*:*:*:*",),
    )
    plain = Component("c", vendor="Microsoft", product="Windows Server 2022", version="10.0.20348.2700")
    assert not {key for key, _ in affected_keys(edition)} & {key for key, _ in component_keys(plain)}
