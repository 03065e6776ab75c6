"""Listings of packages as their tools print them."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.engines.inventories.detect import detect
from rempart.engines.inventories.machines.listings import is_listing, read_listing
from rempart.engines.inventories.model import InventoryError, Problems
from rempart.engines.inventories.read import read_inventory

DPKG = """Souhait=inconnU/Installé/suppRimé/Purgé/H=à garder
| État=Non/Installé/fichier-Config/dépaqUeté/échec-conFig/H=semi-installé/W=attend-traitement-déclenchements
|/ Err?=(aucune)/besoin Réinstallation (État,Err: majuscule=mauvais)
||/ Nom            Version            Architecture Description
+++-==============-==================-============-=================================
ii  libssl3:amd64  3.0.11-1~deb12u2   amd64        Secure Sockets Layer toolkit
ii  bash           5.2.15-2+b2        amd64        GNU Bourne Again SHell
rc  removed        1.0-1              amd64        what is left of its configuration
iHR broken         2.0-1              amd64        half installed
"""
STATUS = """Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl
Version: 3.0.11-1~deb12u2

Package: removed
Status: deinstall ok config-files
Version: 1.0
"""
SSL = "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12"
BASH = "pkg:deb/bash@5.2.15-2%2Bb2?arch=amd64"
RED_BASH = "pkg:rpm/bash@5.1.8-6.el9?arch=x86_64"
PIP_LIST = """Package    Version   Editable project location
---------- --------- -------------------------
Django     4.2.1
own        0.1.dev0  /home/own
"""
MUSL = "pkg:apk/musl@1.2.4-r2"

# What is printed → the tool, and the package URLs.
PRINTED = {
    "dpkg -l": (
        DPKG,
        "dpkg",
        [SSL, BASH],
    ),
    "dpkg -l, its rows alone": (
        "ii  bash  5.2.15-2+b2  amd64  GNU Bourne Again SHell\n", "dpkg", [BASH],
    ),
    "dpkg-query -W": (
        "bash\t5.1-6ubuntu1.1\nlibc6:amd64\t2.35-0ubuntu3.6\ngone\t\n",
        "dpkg",
        ["pkg:deb/ubuntu/bash@5.1-6ubuntu1.1", "pkg:deb/ubuntu/libc6@2.35-0ubuntu3.6"],
    ),
    "apt list --installed": (
        "Listing... Done\nbash/jammy-updates,now 5.1-6ubuntu1.1 amd64 [installed,automatic]\n",
        "dpkg",
        ["pkg:deb/ubuntu/bash@5.1-6ubuntu1.1?arch=amd64"],
    ),
    "the database of dpkg": (
        STATUS,
        "dpkg",
        [f"{SSL}&upstream=openssl%403.0.11-1~deb12u2"],
    ),
    "rpm -qa": (
        "gpg-pubkey-fd431d51-4ae0493b\nbash-5.1.8-6.el9.x86_64\nxml-commons-1.4.01-37.fc40.noarch\n",
        "rpm",
        [RED_BASH, "pkg:rpm/xml-commons@1.4.01-37.fc40?arch=noarch"],
    ),
    "rpm -qa --last": (
        "bash-5.1.8-6.el9.x86_64      Mon 01 Jan 2024 10:00:00 AM EST\n", "rpm", [RED_BASH],
    ),
    "rpm --qf name version-release": (
        "bash 5.1.8-6.el9 x86_64\nzip 3.0-35.el9\n",
        "rpm",
        [RED_BASH, "pkg:rpm/zip@3.0-35.el9"],
    ),
    "rpm --qf with the epoch": (
        "bash\t(none)\t5.1.8\t6.el9\tx86_64\nopenssl\t1\t3.0.7\t16.el9_2\tx86_64\n",
        "rpm",
        [RED_BASH, "pkg:rpm/openssl@3.0.7-16.el9_2?arch=x86_64&epoch=1"],
    ),
    "rpm --qf nevra": (
        "openssl-1:3.2.1-2.fc40.x86_64\n",
        "rpm",
        ["pkg:rpm/fedora/openssl@3.2.1-2.fc40?arch=x86_64&distro=fedora-40&epoch=1"],
    ),
    "rpm --qf, as collect asks it": (
        "libxml2\t2\t2.9.4\t3.el8_10\tx86_64\tlibxml2-2.9.4-3.el8_10.src.rpm\t(none)\n",
        "rpm",
        ["pkg:rpm/libxml2@2.9.4-3.el8_10?arch=x86_64&epoch=2"],
    ),
    "dnf list installed": (
        "Installed Packages\nopenssl.x86_64   1:3.2.1-2.fc40   @updates\n",
        "rpm",
        ["pkg:rpm/fedora/openssl@3.2.1-2.fc40?arch=x86_64&distro=fedora-40&epoch=1"],
    ),
    "apk info -v": ("musl-1.2.4-r2\n", "apk", [MUSL]),
    "apk list --installed": (
        "musl-1.2.4-r2 x86_64 {musl} () [installed]\nlibcrypto3-3.1.4-r1 x86_64 {openssl} () [installed]\n",
        "apk",
        [f"{MUSL}?arch=x86_64", "pkg:apk/libcrypto3@3.1.4-r1?arch=x86_64&upstream=openssl"],
    ),
    "the database of apk": (
        "C:Q1abc=\nP:musl\nV:1.2.4-r2\nA:x86_64\no:musl\n\n", "apk", [f"{MUSL}?arch=x86_64"],
    ),
    "pip freeze": (
        "# made by hand\nDjango==4.2.1\nruamel.yaml==0.17.32\n-e git+https://host/x#egg=x\nown @ file:///tmp/own\n",
        "pip",
        ["pkg:pypi/django@4.2.1", "pkg:pypi/ruamel-yaml@0.17.32", "pkg:pypi/own"],
    ),
    "pip list": (
        PIP_LIST,
        "pip",
        ["pkg:pypi/django@4.2.1", "pkg:pypi/own@0.1.dev0"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(PRINTED))
def test_a_listing_is_read_as_its_tool_prints_it(name):
    text, tool, purls = PRINTED[name]
    for raw in (text.encode(), text.replace("\n", "\r\n").encode("utf-16")):
        assert detect(raw) == "packages"
        found = read_inventory(raw)
        assert (found.format, [row.purl for row in found.rows], found.complete) == (tool, purls, True)
        assert [problem.code for problem in found.problems] == ([] if tool == "pip" else ["plain_listing"])


@pytest.mark.parametrize(
    "text",
    [
        "firefox\t115.0\nacrobat\t23\n",  # a table without headers, of no tool
        "produit\tversion\nbash\t5.1-6\n",
        "bash 5.1.8\nzip 3.0\n",
        "nom;version\nbash;5.1-6ubuntu1\n",
        "Les serveurs de la salle 2\nsont à remplacer.\n",
        "requests>=2.0\nDjango\n",
    ],
    ids=["no mark", "headers", "spaces", "table", "prose", "requirements"],
)  # fmt: skip
def test_what_only_resembles_a_listing_is_none(text):
    assert not is_listing(text)
    with pytest.raises(InventoryError, match="neither a table nor a known listing"):
        read_listing(text, Problems())


def test_a_line_that_is_not_read_is_told_and_the_listing_is_not_complete():
    lines = [f"package{number}-1.{number}-1.el9.noarch" for number in range(30)]
    lines[20] = "warning: the database is damaged"
    found = read_inventory("\n".join(lines).encode())
    assert (len(found.rows), found.complete) == (29, False)
    assert ("line 21", "unknown_table") in {(problem.where, problem.code) for problem in found.problems}


@pytest.mark.skipif(not shutil.which("dpkg-query"), reason="dpkg is not on this machine")
def test_what_dpkg_prints_is_what_it_holds():
    asked = ["dpkg-query", "-W", "-f", "${db:Status-Status}\t${Package}\t${Version}\n"]
    held = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    expected = {tuple(line.split("\t")[1:]) for line in held.splitlines() if line.startswith("installed\t")}
    for command in (["dpkg", "-l"], ["dpkg-query", "-W"]):
        printed = subprocess.run(command, capture_output=True, check=True).stdout
        assert {(row.product, row.version) for row in read_inventory(printed).rows} == expected


@given(st.text(alphabet="ab1-.:=@+~ \t\n(){}[]|", max_size=200) | st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    if is_listing(text):
        _, rows = read_listing(text, Problems())
        assert all(row.purl for row in rows)
