"""Reading files and releases from addresses: conditional, incremental, scheduled only when enabled."""

from __future__ import annotations

import http.server
import json
import threading
import zipfile
from typing import Any

import pytest

from rempart.intelligence import commands, jobs, queries
from rempart.intelligence.models import Feed, FeedRun, Vulnerability
from rempart.intelligence.tests.conftest import cve, kev_entry
from rempart.kernel.models import Job
from tests import factories

pytestmark = pytest.mark.django_db


class Server:
    """Serves ``files`` (path → bytes) with an ETag, and counts the bodies it sent."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.sent: list[str] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                content = outer.files.get(path)
                if content is None:
                    self.send_error(404)
                    return
                tag = f'"{hash(content)}"'
                if self.headers.get("If-None-Match") == tag:
                    self.send_response(304)
                    self.end_headers()
                    return
                outer.sent.append(path)
                self.send_response(200)
                self.send_header("ETag", tag)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Tests say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def server(tmp_path, settings):
    settings.FEED_ALLOW_PRIVATE_ADDRESSES = True
    settings.VAR = tmp_path / "var"
    made = Server()
    yield made
    made.server.shutdown()
    made.server.server_close()


def catalogue(*entries: dict[str, Any]) -> bytes:
    return json.dumps({"vulnerabilities": entries}).encode()


def test_a_file_is_fetched_again_only_when_it_changed(platform, server):
    server.files["/kev.json"] = catalogue(kev_entry())
    Feed.objects.create(name="mirror", kind="kev", location=f"{server.address}/kev.json")
    assert commands.sync_feed(platform, "mirror").added == 1
    assert commands.sync_feed(platform, "mirror").read == 0
    assert server.sent == ["/kev.json"]
    server.files["/kev.json"] = catalogue(kev_entry(), kev_entry("CVE-2024-0002"))
    assert commands.sync_feed(platform, "mirror").added == 1
    outcomes = list(FeedRun.objects.order_by("id").values_list("outcome", flat=True))
    assert outcomes == ["changed", "unchanged", "changed"]


def test_a_private_address_is_refused_unless_the_settings_allow_it(platform, server, settings):
    settings.FEED_ALLOW_PRIVATE_ADDRESSES = False
    Feed.objects.create(name="inner", kind="kev", location=f"https{server.address[4:]}/kev.json")
    with pytest.raises(commands.FeedUnavailable):
        commands.sync_feed(platform, "inner")
    assert FeedRun.objects.get().outcome == "failed"
    assert server.sent == []


def archive(folder, *records: dict[str, Any]) -> bytes:
    path = folder / "made.zip"
    with zipfile.ZipFile(path, "w") as made:
        for record in records:
            made.writestr(f"cves/{record['cveMetadata']['cveId']}.json", json.dumps(record))
    return path.read_bytes()


def release(server: Server, at: str, **assets: bytes) -> dict[str, Any]:
    listed = []
    for kind, content in assets.items():
        name = f"{at[:10]}_{kind}_{at[11:13]}00Z.zip"
        server.files[f"/download/{name}"] = content
        listed.append({"name": name, "browser_download_url": f"{server.address}/download/{name}"})
    return {"published_at": at, "draft": False, "assets": listed}


def test_the_list_is_read_whole_once_then_by_its_changes(platform, server, tmp_path):
    whole = archive(tmp_path, cve(1), cve(2))
    first = release(server, "2024-10-01T01:00:00Z", all_CVEs=whole, delta_CVEs_at=archive(tmp_path, cve(3)))
    server.files["/repos/list/releases"] = json.dumps([first]).encode()
    Feed.objects.create(name="list", kind="cve", location=f"{server.address}/repos/list/releases")
    assert commands.sync_feed(platform, "list").added == 3
    assert commands.sync_feed(platform, "list").read == 0
    second = release(server, "2024-10-01T02:00:00Z", all_CVEs=whole, delta_CVEs_at=archive(tmp_path, cve(4)))
    server.files["/repos/list/releases"] = json.dumps([second, first]).encode()
    counts = commands.sync_feed(platform, "list")
    assert (counts.read, counts.added) == (1, 1)
    assert Vulnerability.objects.count() == 4
    assert Feed.objects.get(name="list").cursor == {"published": "2024-10-01T02:00:00Z"}


def test_only_enabled_feeds_are_scheduled_and_once(platform):
    commands.ensure_default_feeds()
    assert jobs.read_due_feeds() == 0
    commands.set_feed_enabled(platform, name="kev", enabled=True)
    assert commands.due_feeds() == ["kev"]
    assert jobs.read_due_feeds() == 1
    assert jobs.read_due_feeds() == 0
    assert Job.objects.get().args == ["kev"]


def test_a_feed_is_told_stale_once_it_fails(platform):
    commands.ensure_default_feeds()
    assert queries.stale_feeds() == []
    Feed.objects.filter(name="kev").update(enabled=True, failures=1)
    assert queries.stale_feeds() == ["kev"]
    assert queries.waiting(platform) == {"feed_list": 1}


@pytest.mark.parametrize(
    "values",
    [
        {"name": "Majuscules"},
        {"kind": "rss"},
        {"location": "file:///etc/passwd"},
        {"location": "relative/path"},
        {"interval_minutes": 0},
    ],
)
def test_a_feed_that_makes_no_sense_is_refused(platform, values):
    from rempart.kernel.errors import Invalid

    proper = {
        "name": "mine",
        "kind": "kev",
        "location": "https://example.test/kev.json",
        "interval_minutes": 60,
    }
    with pytest.raises(Invalid):
        commands.add_feed(platform, **{**proper, **values})
    assert commands.add_feed(platform, **proper).enabled is False


def test_only_the_centre_of_the_government_turns_feeds_on(platform):
    from rempart.kernel.actors import NotPermitted
    from rempart.kernel.permissions import Role

    commands.ensure_default_feeds()
    body = factories.organisation()
    with pytest.raises(NotPermitted):
        commands.set_feed_enabled(factories.actor(Role.BODY_OFFICER, body), name="kev", enabled=True)
