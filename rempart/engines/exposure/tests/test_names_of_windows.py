"""Names and builds of Windows, and the names under which Windows lists programs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.engines.exposure import Aliases, match
from rempart.engines.exposure.display import read_display_name, read_winget
from rempart.engines.exposure.identity import affected_keys, component_keys
from rempart.engines.exposure.model import Affected, Component, Status, VersionEntry
from rempart.engines.exposure.windows import build_of, read_windows


def _keys(vendor: str, product: str, version: str = "") -> set[str]:
    return set(Aliases.builtin().resolve(component_keys(Component("c", vendor, product, version))))


@pytest.mark.parametrize(
    ("name", "version", "product"),
    [
        ("Microsoft Windows Server 2019 Standard", "10.0.17763.5576", "windows_server_2019"),
        ("Microsoft Windows 10 Enterprise", "10.0.19045.4170", "windows_10_22h2"),
        ("Windows 10 Pro", "22H2", "windows_10_22h2"),
        ("Microsoft Windows 10 Entreprise LTSC 2019", "", "windows_10_1809"),
        ("Microsoft Windows 11 Professionnel", "10.0.22631 N/A Build 22631", "windows_11_23h2"),
        ("Windows 11 version 22H3", "", "windows_11_23h2"),
        ("Microsoft Windows", "10.0.19045.4170", "windows_10_22h2"),
        ("Microsoft Windows", "10.0.17763.5576", ""),  # Server 2019 and Windows 10 share this build
        ("Windows Server 2022, 23H2 Edition (Server Core installation)", "", "windows_server_23h2"),
        ("Windows Server 2012 R2 Datacenter", "6.3.9600", "windows_server_2012_r2"),
        ("Microsoft Windows Server", "10.0.20348.2031", "windows_server_2022"),
        ("Windows 8.1 Pro", "", "windows_8.1"),
        ("Windows 10", "", ""),
    ],
)
def test_a_name_and_a_build_are_one_windows(name: str, version: str, product: str) -> None:
    found = read_windows(name, version)
    assert found is not None
    assert found.product == product


@pytest.mark.parametrize("name", ["Windows Admin Center", "Outlook for Windows", "Windows Defender", "Linux"])
def test_what_only_runs_on_windows_is_not_windows(name: str) -> None:
    assert read_windows(name) is None


def _windows(product: str, end: str) -> list[Affected]:
    entry = VersionEntry("10.0.0", "affected", "custom", less_than=end)
    return [Affected("cna:microsoft", "Microsoft", product, versions=(entry,))]


@pytest.mark.parametrize(
    ("component", "published", "end", "status", "reason"),
    [
        (("Microsoft Windows Server 2019 Standard", "10.0.17763.5576"),
         "Windows Server 2019", "10.0.17763.5696", Status.AFFECTED, "in_range"),
        (("Microsoft Windows Server 2019 Standard", "10.0.17763.5820"),
         "Windows Server 2019", "10.0.17763.5696", Status.NOT_AFFECTED, "fixed_at"),
        (("Windows 10 Pro", "10.0.19045"),
         "Windows 10 Version 22H2", "10.0.19045.4291", Status.CANNOT_TELL, "incomplete_version"),
        (("Windows 10 Pro", ""), "Windows 10 Version 22H2", "10.0.19045.4291",
         Status.CANNOT_TELL, "ambiguous_product"),
        (("Windows", "10.0.19045.4000"), "Windows 10 Version 22H2", "10.0.19045.4291",
         Status.AFFECTED, "in_range"),
    ],
)  # fmt: skip
def test_windows_are_compared_with_the_builds_of_their_own_release(
    component: tuple[str, str], published: str, end: str, status: Status, reason: str
) -> None:
    held = Component("c", "Microsoft", component[0], component[1])
    verdict = match(held, "CVE-1", _windows(published, end), Aliases.builtin())
    assert verdict is not None
    assert (verdict.status, verdict.reason) == (status, reason)


def test_a_windows_never_meets_the_ranges_of_another() -> None:
    held = Component("c", "Microsoft", "Microsoft Windows Server 2019 Standard", "10.0.17763.5576")
    for other in ("Windows 10 Version 1809", "Windows Server 2022", "Windows Server 2016"):
        assert match(held, "CVE-1", _windows(other, "10.0.99999.1"), Aliases.builtin()) is None


@pytest.mark.parametrize(
    ("text", "product", "version"),
    [
        ("Mozilla Firefox 115.0.2 (x64 fr)", "Mozilla Firefox", "115.0.2"),
        ("Mozilla Firefox 115.7.0 ESR (x64 fr)", "Mozilla Firefox ESR", "115.7.0"),
        ("Microsoft Visual C++ 2015-2022 Redistributable (x64) - 14.38.33130",
         "Microsoft Visual C++ 2015-2022 Redistributable", "14.38.33130"),
        ("7-Zip 23.01 (x64)", "7-zip", "23.01"),
        ("Java 8 Update 391 (64-bit)", "java se", "8u391"),
        ("Notepad++ (64-bit x64)", "Notepad++", ""),
        ("Python 3.11.5 (64-bit)", "Python", "3.11.5"),
        ("PuTTY release 0.78 (64-bit)", "putty", "0.78"),
        ("Git version 2.42.0", "Git", "2.42.0"),
    ],
)  # fmt: skip
def test_a_displayed_name_is_taken_apart(text: str, product: str, version: str) -> None:
    found = read_display_name(text)
    assert found is not None
    assert (found.product, found.version) == (product, version)


@pytest.mark.parametrize(
    ("installed", "published"),
    [
        (("Mozilla", "Mozilla Firefox 115.0.2 (x64 fr)"), ("Mozilla", "Firefox")),
        (("", "Mozilla Firefox 115.0.2 (x64 fr)"), ("Mozilla", "Firefox")),
        (("", "Mozilla.Firefox"), ("Mozilla", "Firefox")),
        (("Mozilla Corporation", "Mozilla Firefox ESR (x64 en-US)"), ("Mozilla", "Firefox ESR")),
        (("Igor Pavlov", "7-Zip 23.01 (x64)"), ("7-Zip", "7-Zip")),
        (("", "7-Zip 23.01 (x64)"), ("7-Zip", "7-Zip")),
        (("", "7zip.7zip"), ("7-Zip", "7-Zip")),
        (("Google LLC", "Google Chrome"), ("Google", "Chrome")),
        (("Microsoft Corporation", "Microsoft 365 Apps for enterprise - fr-fr"),
         ("Microsoft", "Microsoft 365 Apps for Enterprise")),
        (("Microsoft Corporation", "Microsoft Office LTSC Professional Plus 2021 - fr-fr"),
         ("Microsoft", "Microsoft Office LTSC 2021")),
        (("Microsoft Corporation", "Microsoft Office Professional Plus 2016"),
         ("Microsoft", "Microsoft Office 2016")),
        (("Oracle Corporation", "Java 8 Update 391 (64-bit)"), ("Oracle Corporation", "Java SE JDK and JRE")),
        (("The Wireshark developer community", "Wireshark 4.0.8 64-bit"),
         ("Wireshark Foundation", "Wireshark")),
    ],
)  # fmt: skip
def test_a_displayed_name_meets_the_published_product(
    installed: tuple[str, str], published: tuple[str, str]
) -> None:
    named = set(Aliases.builtin().resolve(affected_keys(Affected("cna:x", *published))))
    assert _keys(*installed) & named


@pytest.mark.parametrize("product", ["mysql", "Firefox", "openssl", "firefox.exe", "7-Zip"])
def test_a_bare_word_identifies_nothing(product: str) -> None:
    assert _keys("", product) == set()


def test_only_what_winget_writes_is_a_winget_identifier() -> None:
    assert read_winget("Notepad++.Notepad++") == ("Notepad++", "Notepad++")
    assert read_winget("Microsoft.VCRedist.2015+.x64") == ("Microsoft", "VCRedist 2015+ x64")
    assert read_winget("node.js") is None
    assert read_winget("Mozilla Firefox") is None


@given(st.text(max_size=400), st.text(max_size=60))
def test_any_name_is_read_without_an_error(name: str, version: str) -> None:
    read_windows(f"Windows {name}", version)
    read_display_name(name)
    build_of(version)
