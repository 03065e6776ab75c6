"""Exports of tools that speak of many machines: what their silence proves, and what it does not."""

from __future__ import annotations

import json

import pytest

from rempart.assets import commands
from rempart.assets.models import Asset, Install
from rempart.kernel.errors import Conflict

pytestmark = pytest.mark.django_db


def apply(officer, body, tmp_path, name, content, **options):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    found = commands.preview_inventory(officer, body_id=body.id, path=path, file_name=name, **options)
    assert found.errors == []
    return commands.apply_import(officer, import_id=found.id)


def answers(**machines):
    entries = [
        {"name": "deb_packages", "hostIdentifier": host, "action": "snapshot",
         "snapshot": [{"name": name, "version": version, "arch": "amd64"} for name, version in software]}
        for host, software in machines.items()
    ]  # fmt: skip
    return "\n".join(map(json.dumps, entries))


def present(body):
    installs = Install.objects.filter(body=body, removed_at__isnull=True)
    return {(one.asset.key, one.component.product, one.component.version) for one in installs}


def scan(host, product, version, at=1_700_000_000):
    return (
        f'<nmaprun start="{at}"><host><status state="up"/><address addr="{host}" addrtype="ipv4"/><ports>'
        f'<port protocol="tcp" portid="22"><state state="open"/>'
        f'<service name="ssh" product="{product}" version="{version}"/></port></ports></host></nmaprun>'
    )


def test_osquery_is_whole_for_each_machine_it_names_and_silent_about_others(tmp_path, body, officer):
    first = apply(
        officer, body, tmp_path, "a.jsonl", answers(srv1=[("curl", "1"), ("bash", "5")], srv2=[("git", "2")])
    )
    assert (first.source, first.kind) == ("osquery", "osquery")
    assert Asset.objects.get(key="srv1").kind == "server"
    apply(officer, body, tmp_path, "b.jsonl", answers(srv1=[("curl", "2")]))
    assert present(body) == {("srv1", "curl", "2"), ("srv2", "git", "2")}
    assert Asset.objects.get(key="srv2").retired_at is None


def test_a_scan_proves_only_that_a_version_was_replaced(tmp_path, body, officer):
    apply(officer, body, tmp_path, "a.xml", scan("10.0.0.5", "OpenSSH", "8.4"))
    apply(officer, body, tmp_path, "b.xml", scan("10.0.0.5", "nginx", "1.24", at=1_700_000_100))
    assert present(body) == {("10.0.0.5", "OpenSSH", "8.4"), ("10.0.0.5", "nginx", "1.24")}
    apply(officer, body, tmp_path, "c.xml", scan("10.0.0.5", "OpenSSH", "9.6", at=1_700_000_200))
    assert present(body) == {("10.0.0.5", "OpenSSH", "9.6"), ("10.0.0.5", "nginx", "1.24")}


def test_a_product_seen_in_two_versions_is_not_taken_as_replaced(tmp_path, body, officer):
    two = scan("10.0.0.5", "OpenSSH", "8.4").replace(
        "</ports>",
        '<port protocol="tcp" portid="2222"><state state="open"/>'
        '<service name="ssh" product="OpenSSH" version="9.6"/></port></ports>',
    )
    apply(officer, body, tmp_path, "a.xml", two)
    apply(officer, body, tmp_path, "b.xml", scan("10.0.0.5", "OpenSSH", "9.6", at=1_700_000_100))
    assert ("10.0.0.5", "OpenSSH", "8.4") in present(body)


def test_an_older_scan_of_other_machines_is_taken_and_of_the_same_refused(tmp_path, body, officer):
    apply(officer, body, tmp_path, "a.xml", scan("10.0.0.5", "OpenSSH", "9.6", at=1_700_000_500))
    apply(officer, body, tmp_path, "b.xml", scan("10.0.0.6", "OpenSSH", "9.6", at=1_700_000_100))
    with pytest.raises(Conflict) as refused:
        apply(officer, body, tmp_path, "c.xml", scan("10.0.0.5", "OpenSSH", "8.4", at=1_700_000_100))
    assert refused.value.code == "older"


def test_an_image_report_describes_one_asset(tmp_path, body, officer):
    report = {
        "SchemaVersion": 2, "ArtifactName": "portail:1", "ArtifactType": "container_image",
        "Results": [{"Target": "app", "Class": "lang-pkgs", "Type": "npm",
                     "Packages": [{"Name": "lodash", "Version": "4.17.0"}]}],
    }  # fmt: skip
    done = apply(officer, body, tmp_path, "trivy.json", json.dumps(report))
    assert done.source == "sbom:portail:1"
    assert Asset.objects.get(key="portail:1").kind == "container"
    assert present(body) == {("portail:1", "lodash", "4.17.0")}


def test_a_registry_export_needs_the_machine_it_comes_from(tmp_path, body, officer):
    text = (
        "Windows Registry Editor Version 5.00\n\n"
        "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\Zip]\n"
        '"DisplayName"="7-Zip 23.01 (x64)"\n"DisplayVersion"="23.01"\n"Publisher"="Igor Pavlov"\n'
    )
    apply(officer, body, tmp_path, "poste.reg", text, asset_key="poste-7")
    assert present(body) == {("poste-7", "7-Zip 23.01 (x64)", "23.01")}


def test_a_listing_of_one_tool_leaves_what_another_installed(tmp_path, body, officer):
    debian = "ii  bash  5.2.15-2+b2  amd64  GNU Bourne Again SHell\nii  zip  3.0-13  amd64  Archiver\n"
    done = apply(officer, body, tmp_path, "dpkg.txt", debian, asset_key="srv-1")
    assert (done.source, done.kind) == ("dpkg:srv-1", "dpkg")
    apply(officer, body, tmp_path, "pip.txt", "Django==4.2.1\n", asset_key="srv-1")
    assert present(body) == {
        ("srv-1", "bash", "5.2.15-2+b2"), ("srv-1", "zip", "3.0-13"), ("srv-1", "Django", "4.2.1"),
    }  # fmt: skip
    apply(officer, body, tmp_path, "dpkg.txt", debian.partition("\n")[0], asset_key="srv-1")
    assert present(body) == {("srv-1", "bash", "5.2.15-2+b2"), ("srv-1", "Django", "4.2.1")}
