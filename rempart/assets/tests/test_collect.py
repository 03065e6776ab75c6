"""``rempart collect``: run as a newcomer runs it, in a process of its own, with no database."""

from __future__ import annotations

import json
import os
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
import typer
from typer.testing import CliRunner

from rempart.assets import standalone
from tests.server import alone

pytestmark = pytest.mark.any_database

STATUS = "Package: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 7.88.1-10+deb12u5\n"
LOG4J = "groupId=org.apache.logging.log4j\nartifactId=log4j-core\nversion=2.14.1\n"


def run(*arguments, **environment):
    return alone("collect", *arguments, **environment)


@pytest.fixture
def machine(tmp_path):
    """The file system of a small machine."""
    root = tmp_path / "root"
    for path, text in (
        ("etc/os-release", 'ID=debian\nVERSION_ID="12"\nNAME="Debian GNU/Linux"\n'),
        ("var/lib/dpkg/status", STATUS),
        ("usr/lib/python3/dist-packages/Jinja2-3.1.2.dist-info/METADATA", "Name: Jinja2\nVersion: 3.1.2\n"),
        ("usr/local/lib/node_modules/lodash/package.json", '{"name": "lodash", "version": "4.17.0"}'),
        ("usr/local/lib/node_modules/lodash/fp/package.json", '{"name": "part", "version": "0"}'),
        ("usr/local/lib/node_modules/@babel/core/package.json", '{"name": "@babel/core", "version": "7.1"}'),
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    inner = tmp_path / "log4j-core.jar"
    with zipfile.ZipFile(inner, "w") as jar:
        jar.writestr("META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties", LOG4J)
    (root / "opt").mkdir()
    with zipfile.ZipFile(root / "opt" / "portail.war", "w") as war:
        war.write(inner, "WEB-INF/lib/log4j-core-2.14.1.jar")
    return root


def test_a_machine_is_listed_whole(machine, tmp_path):
    out = tmp_path / "bom.json"
    done = run("--root", machine, "--asset", "srv-1", "-o", out, "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["sources"] == {"os-release": 1, "dpkg": 1, "pip": 1, "npm": 2, "java": 1}
    document = json.loads(out.read_text(encoding="utf-8"))
    assert document["metadata"]["component"]["name"] == "srv-1"
    assert document["compositions"][0]["aggregate"] == "complete"
    purls = {component.get("purl") for component in document["components"]}
    assert "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1" in purls
    assert "pkg:npm/%40babel/core@7.1" in purls
    assert any(purl and purl.startswith("pkg:deb/debian/curl@7.88.1-10%2Bdeb12u5") for purl in purls)


def test_what_cannot_be_read_is_said_and_the_inventory_is_not_complete(machine, tmp_path):
    (machine / "opt" / "broken.jar").write_bytes(b"PK\x03\x04 not an archive")
    done = run("--root", machine, "--asset", "srv-1", "-o", "-", "--json")
    assert done.returncode == 0, done.stderr
    assert "broken.jar" in json.loads(done.stderr)["notes"][0]
    assert json.loads(done.stdout)["compositions"][0]["aggregate"] == "incomplete"


def test_a_pipe_where_a_file_is_expected_is_not_waited_for(machine, tmp_path):
    for place in ("opt/x.dist-info/METADATA", "opt/trap.jar", "usr/lib/sysimage/trap"):
        (machine / place).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(machine / place)
    done = run("--root", machine, "--asset", "srv-1", "-o", tmp_path / "bom.json", "--json")
    assert done.returncode == 0, done.stderr
    assert any("METADATA" in note for note in json.loads(done.stdout)["notes"])


def test_exports_of_another_machine_become_one_document(tmp_path):
    export = tmp_path / "winget.json"
    packages = [{"PackageIdentifier": "Mozilla.Firefox", "Version": "115.0"}]
    export.write_text(json.dumps({"WinGetVersion": "1.6", "Sources": [{"Packages": packages}]}))
    done = run(export, "--asset", "poste-7")
    assert done.returncode == 0, done.stderr
    (component,) = json.loads(done.stdout)["components"]
    assert (component["supplier"]["name"], component["name"]) == ("Mozilla", "Firefox")


def test_misuse_is_told_plainly(machine, tmp_path):
    assert run("--root", machine).returncode == 2
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run("--root", empty, "--asset", "x").returncode == 1
    sent = run(
        "--root", machine, "--asset", "x", "--send", "http://node.example", "--body", "B", REMPART_TOKEN="t"
    )
    assert sent.returncode == 2
    assert "https" in sent.stderr
    assert run("--root", machine, "--asset", "x", "--send", "https://localhost:1").returncode == 2
    away = run(
        "--root", machine, "--asset", "x", "--send", "http://localhost:1", "--body", "B", REMPART_TOKEN="t"
    )
    assert away.returncode == 1


class _Node(BaseHTTPRequestHandler):
    """A node that answers every inventory with one status."""

    status = 200

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(json.dumps({"title": "…"}).encode())

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def send(monkeypatch, tmp_path):
    monkeypatch.setenv("REMPART_TOKEN", "rmp_test")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "os-release").write_text('ID=debian\nVERSION_ID="12"\nNAME="Debian"\n')
    app = typer.Typer()
    standalone.install(app)
    app.command("other")(lambda: None)
    given = ("collect", "--root", str(tmp_path), "--asset", "srv-1", "--body", "op-001", "--send")
    return lambda address: CliRunner().invoke(app, [*given, address])


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "REMPART_TOKEN"),
        (403, "may not write"),
        (404, "unknown body"),
        (413, "too large"),
        (503, "again"),
    ],
)
def test_what_a_node_refuses_is_said_in_words(send, monkeypatch, status, words):
    monkeypatch.setattr(_Node, "status", status)
    with HTTPServer(("127.0.0.1", 0), _Node) as server:
        Thread(target=server.handle_request, daemon=True).start()
        done = send(f"http://127.0.0.1:{server.server_port}")
    assert done.exit_code == 1
    assert str(status) in done.stderr
    assert words in done.stderr


def test_a_node_that_is_not_there_and_one_without_tls_are_told_apart(send, monkeypatch):
    with HTTPServer(("127.0.0.1", 0), _Node) as server:
        port = server.server_port
        Thread(target=server.handle_request, daemon=True).start()
        plain = send(f"https://127.0.0.1:{port}")
    assert (plain.exit_code, "TLS" in plain.stderr) == (1, True)
    gone = send(f"http://127.0.0.1:{port}")
    assert (gone.exit_code, "not reached" in gone.stderr) == (1, True)
    monkeypatch.delenv("REMPART_TOKEN")
    missing = send("http://127.0.0.1:1")
    assert (missing.exit_code, "token missing" in missing.stderr) == (2, True)
