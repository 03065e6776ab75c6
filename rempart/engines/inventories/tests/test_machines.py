"""Exports of machines and scanners, in the forms their tools give them."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packageurl import PackageURL

from rempart.engines.inventories.cyclonedx_document import cyclonedx_document
from rempart.engines.inventories.detect import detect
from rempart.engines.inventories.judges import library_problems
from rempart.engines.inventories.machines import packages
from rempart.engines.inventories.machines.read import MACHINE_KINDS, read_machine
from rempart.engines.inventories.model import InventoryError, InventoryRow
from rempart.engines.inventories.read import read_inventory

DEBIAN = {"ID": "debian", "VERSION_ID": "12", "NAME": "Debian GNU/Linux"}
STATUS = """Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl
Version: 3.0.11-1~deb12u2
Description: Secure Sockets Layer toolkit
 Version: 9.9 is only a line of the description

Package: linux-image-amd64
Status: install ok installed
Architecture: amd64
Source: linux-signed-amd64 (6.1.76+1)
Version: 6.1.76-1

Package: removed
Status: deinstall ok config-files
Version: 1.0
"""


def rows(kind, content):
    raw = content if isinstance(content, bytes) else content.encode()
    assert detect(raw) == kind
    return read_inventory(raw).rows


def test_dpkg_states_what_is_installed_with_its_source_package():
    ssl, kernel = packages.dpkg_rows(STATUS, DEBIAN)
    assert (ssl.product, ssl.version) == ("libssl3", "3.0.11-1~deb12u2")
    purl = PackageURL.from_string(ssl.purl)
    assert (purl.type, purl.namespace, purl.name) == ("deb", "debian", "libssl3")
    assert purl.qualifiers["distro"] == "debian-12"
    assert purl.qualifiers["upstream"] == "openssl@3.0.11-1~deb12u2"
    assert PackageURL.from_string(kernel.purl).qualifiers["upstream"] == "linux-signed-amd64@6.1.76+1"


@pytest.mark.skipif(not shutil.which("dpkg-query"), reason="dpkg is not on this machine")
def test_dpkg_agrees_with_dpkg_itself():
    listed = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status}\t${Package}\t${Version}\n"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    expected = {tuple(line.split("\t")[1:]) for line in listed.splitlines() if line.startswith("installed\t")}
    status = Path("/var/lib/dpkg/status").read_text(encoding="utf-8")
    found = {(row.product, row.version) for row in packages.dpkg_rows(status, DEBIAN)}
    assert found == expected


def test_rpm_keeps_the_epoch_and_the_vendor():
    listing = (
        "bash\t0\t4.4.20\t5.el8\tx86_64\tbash-4.4.20-5.el8.src.rpm\tRed Hat, Inc.\n"
        "libxml2\t2\t2.9.4\t3.el8_10\tx86_64\tlibxml2-2.9.4-3.el8_10.src.rpm\t(none)\n"
        "gpg-pubkey\t0\tfd431d51\t4ae0493b\t(none)\t(none)\t(none)\n"
        "half a line\n"
    )
    bash, xml = packages.rpm_rows(listing, {"ID": "rhel", "VERSION_ID": "8.10"})
    assert (bash.vendor, bash.version) == ("Red Hat, Inc.", "4.4.20-5.el8")
    assert xml.version == "2:2.9.4-3.el8_10"
    purl = PackageURL.from_string(xml.purl)
    assert (purl.namespace, purl.version, purl.qualifiers["epoch"]) == ("redhat", "2.9.4-3.el8_10", "2")


def test_apk_reads_its_database():
    text = (
        "C:Q1abc=\nP:musl\nV:1.2.4-r2\nA:x86_64\no:musl\n\nP:libcrypto3\nV:3.1.4-r5\nA:x86_64\no:openssl\n\n"
    )
    _, crypto = packages.apk_rows(text, {"ID": "alpine", "VERSION_ID": "3.19.1"})
    assert crypto.purl.startswith("pkg:apk/alpine/libcrypto3@3.1.4-r5")
    assert PackageURL.from_string(crypto.purl).qualifiers["upstream"] == "openssl"


def test_libraries_of_languages_have_the_purl_of_their_registry():
    assert packages.python_row("Name: Jinja2_x\nVersion: 3.1.2\n\nbody").purl == "pkg:pypi/jinja2-x@3.1.2"
    assert [row.purl for row in packages.python_rows('[{"name": "pip", "version": "23.0"}]')] == [
        "pkg:pypi/pip@23.0"
    ]
    assert (
        packages.npm_row('{"name": "@babel/core", "version": "7.1.0"}').purl == "pkg:npm/%40babel/core@7.1.0"
    )
    log4j = "#Created\ngroupId=org.apache.logging.log4j\nartifactId=log4j-core\nversion=2.14.1\n"
    assert packages.maven_row(log4j).purl == "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"
    assert packages.maven_row("version=1") is None


REGISTRY = r"""Windows Registry Editor Version 5.00

[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\Mozilla Firefox 115.0.2 (x64 fr)]
"DisplayName"="Mozilla Firefox (x64 fr)"
"DisplayVersion"="115.0.2"
"Publisher"="Mozilla"
"InstallLocation"="C:\\Program Files\\Mozilla Firefox"
"EstimatedSize"=dword:000345ab

[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\KB5034441]
"DisplayName"="Security Update for Windows (KB5034441)"

[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\Part]
"DisplayName"="A part"
"SystemComponent"=dword:00000001

[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion]
"ProductName"="Windows 10 Pro"
"CurrentMajorVersionNumber"=dword:0000000a
"CurrentMinorVersionNumber"=dword:00000000
"CurrentBuildNumber"="22631"
"UBR"=dword:00000c33
"""


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252"])
def test_the_registry_states_programs_and_windows_itself(encoding):
    text = REGISTRY.replace("\n", "\r\n")
    firefox, windows = rows("registry", text.encode(encoding))
    assert (firefox.vendor, firefox.product, firefox.version) == (
        "Mozilla", "Mozilla Firefox (x64 fr)", "115.0.2"
    )  # fmt: skip
    assert (windows.product, windows.version) == ("Windows 11 Pro", "10.0.22631.3123")


WINGET = """\r   - \r                                                                                                                                          \rNom                              ID                             Version       Disponible  Source
-------------------------------------------------------------------------------------------------
7-Zip 23.01 (x64)                7zip.7zip                      23.01         24.09       winget
Un nom qui est vraiment très lo… Contoso.Outil                  1.2.3                     winget
Microsoft Edge                   Microsoft.Edge                 120.0.2210.91             winget
Chose                            ARP\\Machine\\X64\\{90160000-00…  16.0.5317.10…
"""  # noqa: E501 - a table that winget drew


def test_winget_lists_a_table_in_any_language():
    zip_, long, edge, cut = rows("winget", WINGET)
    assert (zip_.vendor, zip_.product, zip_.version) == ("7zip", "7-Zip 23.01 (x64)", "23.01")
    assert (long.product, long.version) == ("Un nom qui est vraiment très lo", "1.2.3")
    assert edge.extra == {"winget": "Microsoft.Edge"}
    assert (cut.vendor, cut.product, cut.version) == ("", "Chose", "")


def test_winget_aligns_by_columns_of_the_screen():
    name = "日本語アプリ"
    lines = (
        "Name                Id             Version  Source",
        "-" * 50,
        name + " " * (20 - 2 * len(name)) + "Contoso.Outil  1.2.3    winget",
        "Café                Contoso.Cafe   4.5      winget",
    )
    wide, narrow = rows("winget", "\n".join(lines) + "\n")
    assert (wide.vendor, wide.product, wide.version) == ("Contoso", name, "1.2.3")
    assert (narrow.vendor, narrow.product, narrow.version) == ("Contoso", "Café", "4.5")


def test_winget_exports_json():
    document = {
        "WinGetVersion": "1.6", "Sources": [{"Packages": [
            {"PackageIdentifier": "Mozilla.Firefox", "Version": "115.0"}, {"PackageIdentifier": 4},
        ]}],
    }  # fmt: skip
    (firefox,) = rows("winget", json.dumps(document))
    assert (firefox.vendor, firefox.product, firefox.version) == ("Mozilla", "Firefox", "115.0")


def test_osquery_answers_of_several_shapes():
    programs = [{"name": "7-Zip", "version": "23.01", "publisher": "Igor Pavlov", "install_location": "C:\\"}]
    (zip_,) = rows("osquery", json.dumps(programs))
    assert (zip_.vendor, zip_.product, zip_.asset_id) == ("Igor Pavlov", "7-Zip", "")
    log = [
        {"name": "pack_inv_deb_packages", "hostIdentifier": "srv-1", "action": "added",
         "columns": {"name": "curl", "version": "7.88.1-10+deb12u5", "arch": "amd64"}},
        {"name": "pack_inv_deb_packages", "hostIdentifier": "srv-1", "action": "removed",
         "columns": {"name": "curl", "version": "7.88.1-10+deb12u4", "arch": "amd64"}},
        {"name": "pack_inv_rpm_packages", "hostIdentifier": "srv-2", "action": "snapshot",
         "snapshot": [{"name": "bash", "version": "4.4.20", "release": "5.el8", "arch": "x86_64"}]},
    ]  # fmt: skip
    curl, bash = rows("osquery", "\n".join(map(json.dumps, log)))
    assert (curl.asset_id, curl.version) == ("srv-1", "7.88.1-10+deb12u5")
    assert (bash.asset_id, bash.purl) == ("srv-2", "pkg:rpm/redhat/bash@4.4.20-5.el8?arch=x86_64")
    whole = {"hostname": "poste-3", "os_version": [
        {"name": "Windows 10 Pro", "version": "10.0.19045", "revision": "3930", "platform": "windows"}
    ], "python_packages": [{"name": "Jinja2", "version": "3.1.2"}]}  # fmt: skip
    jinja, windows = rows("osquery", json.dumps(whole))
    assert (windows.asset_id, windows.version) == ("poste-3", "10.0.19045.3930")
    assert jinja.purl == "pkg:pypi/jinja2@3.1.2"


NMAP = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<nmaprun scanner="nmap" start="1700000000" version="7.94" xmloutputversion="1.05">
<host><status state="up"/><address addr="10.0.0.5" addrtype="ipv4"/>
<hostnames><hostname name="portail.exemple.test" type="PTR"/></hostnames>
<ports><port protocol="tcp" portid="22"><state state="open"/>
<service name="ssh" product="OpenSSH" version="8.4p1 Debian 5+deb11u1" method="probed" conf="10">
<cpe>cpe:/a:openbsd:openssh:8.4p1</cpe><cpe>cpe:/o:linux:linux_kernel</cpe></service></port>
<port protocol="tcp" portid="80"><state state="closed"/><service name="http" product="nginx"/></port>
<port protocol="tcp" portid="443"><state state="open"/><service name="https" conf="3" product="maybe"/></port>
</ports></host>
<host><status state="down"/><address addr="10.0.0.6" addrtype="ipv4"/></host>
<runstats><finished time="1700000600"/></runstats></nmaprun>
"""


@pytest.mark.parametrize("confidence", ["x", "", "²", "-1", "9" * 5_000])
def test_nmap_with_a_number_that_is_none_is_read_without_failing(confidence):
    document = (
        '<nmaprun start="1"><host><status state="up"/><address addr="10.0.0.6" addrtype="ipv4"/><ports>'
        '<port protocol="tcp" portid="22"><state state="open"/>'
        f'<service name="ssh" product="OpenSSH" version="7.4" conf="{confidence}"/></port></ports>'
        f'<os><osmatch accuracy="{confidence}" name="x"/></os></host></nmaprun>'
    )
    found = read_machine(document.encode(), "nmap")
    assert [row.product for row in found.rows] in ([], ["OpenSSH"])
    assert bool(found.rows) != bool(found.problems)


def test_nmap_shows_services_and_is_never_complete():
    raw = NMAP.encode()
    assert detect(raw) == "nmap"
    found = read_inventory(raw)
    (ssh,) = found.rows
    assert (ssh.asset_id, ssh.cpe) == ("portail.exemple.test", "cpe:/a:openbsd:openssh:8.4p1")
    assert not found.complete
    assert found.made == datetime(2023, 11, 14, 22, 23, 20, tzinfo=UTC)
    assert [problem.code for problem in found.problems] == ["uncertain"]


@pytest.mark.parametrize(
    "attack",
    [
        '<!DOCTYPE nmaprun [<!ENTITY a "b">]><nmaprun>&a;</nmaprun>',
        '<!DOCTYPE nmaprun [<!ENTITY x SYSTEM "file:///etc/passwd">]><nmaprun>&x;</nmaprun>',
    ],
)
def test_entities_are_refused(attack):
    with pytest.raises(InventoryError) as caught:
        read_machine(attack.encode(), "nmap")
    assert caught.value.code == "forbidden_xml"


def test_trivy_says_whether_it_lists_everything():
    package = {"Name": "openssl", "Version": "3.0.11", "Release": "1~deb12u2", "Identifier": {}}
    document = {
        "SchemaVersion": 2, "ArtifactName": "registre/portail:1", "ArtifactType": "container_image",
        "CreatedAt": "2026-01-02T03:04:05Z",
        "Results": [
            {"Target": "debian", "Class": "os-pkgs", "Type": "debian", "Packages": [package]},
            {"Target": "app", "Class": "lang-pkgs", "Type": "jar", "Packages": [
                {"Name": "org.apache.logging.log4j:log4j-core", "Version": "2.14.1"}]},
        ],
    }  # fmt: skip
    raw = json.dumps(document).encode()
    assert detect(raw) == "trivy"
    found = read_inventory(raw)
    assert found.complete
    assert found.subject.product == "registre/portail:1"
    assert [row.purl for row in found.rows] == [
        "pkg:deb/openssl@3.0.11-1~deb12u2", "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"
    ]  # fmt: skip
    document["Results"] = [
        {"Target": "app", "Class": "lang-pkgs", "Type": "npm", "Vulnerabilities": [
            {"PkgName": "lodash", "InstalledVersion": "4.17.0", "VulnerabilityID": "CVE-2021-23337"}]}
    ]  # fmt: skip
    found = read_inventory(json.dumps(document).encode())
    assert [row.purl for row in found.rows] == ["pkg:npm/lodash@4.17.0"]
    assert not found.complete


def test_grype_and_nuclei_are_evidence_of_versions():
    grype = {
        "descriptor": {"name": "grype"}, "source": {"target": {"userInput": "portail:1"}},
        "matches": [{"artifact": {"name": "lodash", "version": "4.17.0", "type": "npm",
                                  "purl": "pkg:npm/lodash@4.17.0", "cpes": ["cpe:2.3:a:x:y:1"]}}],
    }  # fmt: skip
    (lodash,) = rows("grype", json.dumps(grype))
    assert (lodash.purl, lodash.cpe) == ("pkg:npm/lodash@4.17.0", "")
    finding = {
        "template-id": "apache-detect", "host": "https://portail.exemple.test:8443/x",
        "info": {"name": "Apache", "classification": {"cpe": "cpe:2.3:a:apache:http_server:*:*:*:*:*:*:*:*"}},
        "extracted-results": ["2.4.49"],
    }  # fmt: skip
    silent = {"template-id": "robots", "host": "https://portail.exemple.test", "info": {"name": "robots.txt"}}
    raw = "\n".join(map(json.dumps, (finding, silent))).encode()
    assert detect(raw) == "nuclei"
    found = read_inventory(raw)
    (apache,) = found.rows
    assert (apache.asset_id, apache.version) == ("portail.exemple.test", "2.4.49")
    assert [problem.code for problem in found.problems] == ["no_software"]


def test_what_a_machine_found_is_valid_cyclonedx_and_reads_back():
    found = (
        *packages.dpkg_rows(STATUS, DEBIAN),
        InventoryRow("x", vendor="Mozilla", product="Firefox", version="1"),
    )
    document = cyclonedx_document("srv-1", found, datetime(2026, 1, 2, tzinfo=UTC), tool="1.0")
    raw = json.dumps(document).encode()
    assert library_problems(raw, "cyclonedx-json", "1.6") == []
    back = read_inventory(raw)
    assert back.subject.product == "srv-1"
    assert back.complete
    assert back.problems == ()
    facts = [(row.vendor, row.product, row.version, row.purl) for row in back.rows]
    assert facts == [(row.vendor, row.product, row.version, row.purl) for row in found]
    assert cyclonedx_document("srv-1", found, datetime(2026, 1, 2, tzinfo=UTC), tool="1.0") == document
    partial = cyclonedx_document("srv-1", found, datetime(2026, 1, 2, tzinfo=UTC), complete=False)
    assert not read_inventory(json.dumps(partial).encode()).complete


WORDS = [
    "Results",
    "Packages",
    "name",
    "version",
    "columns",
    "snapshot",
    "matches",
    "artifact",
    "info",
    "host",
]
WORDS += ["template-id", "Identifier", "PURL", "Sources", "programs", "source"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(
    st.sampled_from(MACHINE_KINDS),
    st.one_of(JSON.map(lambda value: json.dumps(value).encode()), st.binary(max_size=200)),
)
def test_nothing_else_than_an_inventory_error_comes_out(kind, raw):
    try:
        found = read_machine(raw, kind)
    except InventoryError:
        return
    assert all(row.product or row.purl or row.cpe for row in found.rows)
