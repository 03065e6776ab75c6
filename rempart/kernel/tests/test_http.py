"""The client against a real server on the loopback interface, with its own rules of conduct per path."""

import gzip
import hashlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from rempart.kernel.http import FetchState, HttpPolicy, HttpRefused, HttpUnavailable, SafeClient
from rempart.kernel.http.guard import is_forbidden

pytestmark = pytest.mark.any_database

CONTENT = b"".join(b"CVE-2021-%05d\n" % n for n in range(20_000))
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NOW = datetime(2026, 6, 22, 14, tzinfo=UTC)
Answer = Callable[[BaseHTTPRequestHandler], None]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        size = int(self.headers.get("Content-Length", 0))
        self.server.seen.append(SimpleNamespace(headers=self.headers, body=self.rfile.read(size)))
        self.server.routes[self.path](self)

    def do_POST(self):
        self.do_GET()

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server():
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    running.routes, running.seen = {}, []
    running.url = f"http://127.0.0.1:{running.server_port}"
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


def client(sleeps=None, **options):
    limits = {"schemes": frozenset({"http"}), "allow_private": True, **options.pop("policy", {})}
    return SafeClient(
        HttpPolicy(**limits),
        sleep=([] if sleeps is None else sleeps).append,
        now=lambda: NOW,
        jitter=lambda: 1.0,
        **options,
    )


def versioned(handler):
    """Serve CONTENT as a careful server does: conditions, then ranges."""
    if handler.headers.get("If-None-Match") == '"v1"':
        handler.answer(304)
        return
    asked = handler.headers.get("Range", "")
    if asked and handler.headers.get("If-Range") == '"v1"':
        start = int(asked.removeprefix("bytes=").rstrip("-"))
        handler.answer(
            206,
            CONTENT[start:],
            ETag='"v1"',
            Content_Range=f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}",
        )
        return
    handler.answer(200, CONTENT, ETag='"v1"', Last_Modified="Mon, 22 Jun 2026 12:00:00 GMT")


def broken_after(count, etag='"v1"'):
    """Announce all of CONTENT, send `count` bytes, then reset the connection."""

    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(CONTENT)))
        handler.send_header("ETag", etag)
        handler.end_headers()
        handler.wfile.write(CONTENT[:count])
        handler.wfile.flush()
        handler.close_connection = True

    return answer


def in_turn(*answers):
    """Answer each request as the next of `answers` says, the last one over and over."""
    left = list(answers)

    def answer(handler):
        (left.pop(0) if len(left) > 1 else left[0])(handler)

    return answer


def test_a_file_is_fetched_once_per_version(server, tmp_path):
    server.routes["/kev"] = versioned
    to = tmp_path / "feeds" / "kev.json"
    with client() as http:
        first = http.fetch(f"{server.url}/kev", to)
        assert (first.not_modified, first.sha256, first.bytes) == (False, SHA256, len(CONTENT))
        assert to.read_bytes() == CONTENT
        assert [path.name for path in to.parent.iterdir()] == ["kev.json"]
        kept = FetchState.from_dict(first.state.as_dict())
        second = http.fetch(f"{server.url}/kev", to, kept)
    assert second.not_modified
    assert second.state == kept
    assert server.seen[1].headers["If-Modified-Since"] == "Mon, 22 Jun 2026 12:00:00 GMT"


def test_a_broken_download_is_resumed_in_the_same_call(server, tmp_path):
    server.routes["/kev"] = in_turn(broken_after(100_000), versioned)
    sleeps = []
    result = client(sleeps).fetch(f"{server.url}/kev", tmp_path / "kev")
    assert result.sha256 == SHA256
    assert result.resumed == 100_000
    assert server.seen[1].headers["Range"] == "bytes=100000-"
    assert sleeps == [1.0]


def test_a_broken_download_is_resumed_in_a_later_call(server, tmp_path):
    to = tmp_path / "kev"
    to.write_bytes(b"the version before")
    server.routes["/kev"] = broken_after(50_000)
    with pytest.raises(HttpUnavailable) as caught:
        client(policy={"attempts": 1}).fetch(f"{server.url}/kev", to)
    assert caught.value.code == "connection"
    assert to.read_bytes() == b"the version before"
    server.routes["/kev"] = versioned
    assert client().fetch(f"{server.url}/kev", to).resumed == 50_000
    assert to.read_bytes() == CONTENT


@pytest.mark.parametrize("etag", ['"v0"', 'W/"v1"'])
def test_a_part_of_another_version_is_not_mixed_in(server, tmp_path, etag):
    server.routes["/kev"] = in_turn(broken_after(50_000, etag), versioned)
    result = client().fetch(f"{server.url}/kev", tmp_path / "kev")
    assert (result.sha256, result.resumed) == (SHA256, 0)


def test_a_wrong_range_is_not_appended(server, tmp_path):
    def lying(handler):
        handler.answer(206, CONTENT[7:], Content_Range=f"bytes 7-{len(CONTENT) - 1}/{len(CONTENT)}")

    server.routes["/kev"] = in_turn(broken_after(50_000), lying, versioned)
    result = client().fetch(f"{server.url}/kev", tmp_path / "kev")
    assert (result.sha256, result.resumed) == (SHA256, 0)


def test_a_part_longer_than_the_file_is_dropped(server, tmp_path):
    server.routes["/kev"] = in_turn(broken_after(50_000), lambda h: h.answer(416), versioned)
    assert client().fetch(f"{server.url}/kev", tmp_path / "kev").sha256 == SHA256


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_given_the_time_it_asks_for(server, status):
    server.routes["/x"] = in_turn(
        lambda h: h.answer(status, Retry_After="7"),
        lambda h: h.answer(status, Retry_After="Mon, 22 Jun 2026 14:00:09 GMT"),
        lambda h: h.answer(status, Retry_After="soon"),
        lambda h: h.answer(200, b"ok"),
    )
    sleeps = []
    assert client(sleeps).get(f"{server.url}/x").content == b"ok"
    assert sleeps == [7.0, 9.0, 4.0]


def test_a_wait_too_long_is_left_to_the_caller(server):
    server.routes["/x"] = lambda h: h.answer(503, Retry_After="3600")
    sleeps = []
    with pytest.raises(HttpUnavailable) as caught:
        client(sleeps).get(f"{server.url}/x")
    assert caught.value.retry_after == 3600
    assert sleeps == []


def test_attempts_end(server):
    server.routes["/x"] = lambda h: h.answer(500)
    sleeps = []
    with pytest.raises(HttpUnavailable) as caught:
        client(sleeps).get(f"{server.url}/x")
    assert caught.value.values == {"status": 500}
    assert (len(server.seen), sleeps) == (4, [1.0, 2.0, 4.0])


def test_a_missing_page_is_not_asked_again(server, tmp_path):
    server.routes["/x"] = lambda h: h.answer(404)
    with pytest.raises(HttpRefused) as caught:
        client().fetch(f"{server.url}/x", tmp_path / "x")
    assert caught.value.code == "status"
    assert len(server.seen) == 1
    assert not list(tmp_path.iterdir())


def test_redirects_are_followed_and_counted(server):
    server.routes["/a"] = lambda h: h.answer(302, Location="b?c=d")
    server.routes["/b?c=d"] = lambda h: h.answer(200, b"ok")
    server.routes["/loop"] = lambda h: h.answer(307, Location="/loop")
    assert client().get(f"{server.url}/a").url == f"{server.url}/b?c=d"
    with pytest.raises(HttpRefused, match="redirects"):
        client().get(f"{server.url}/loop")
    assert len(server.seen) == 2 + 6


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://169.254.169.254/latest/meta-data/", "address"),
        ("http://[::ffff:169.254.169.254]/", "address"),
        ("file:///etc/passwd", "scheme"),
        ("http://user:pass@example.test/", "credentials"),
        ("http://[::1", "url"),
        ("", "redirects"),
    ],
)
def test_a_redirect_to_a_forbidden_place_is_refused(server, location, code):
    server.routes["/a"] = lambda h: h.answer(302, Location=location)
    with pytest.raises(HttpRefused) as caught:
        client().get(f"{server.url}/a")
    assert caught.value.code == code


def test_a_token_stays_with_its_origin(server):
    server.routes["/a"] = lambda h: h.answer(302, Location="/b")
    server.routes["/b"] = lambda h: h.answer(302, Location=f"http://localhost:{server.server_port}/c")
    server.routes["/c"] = lambda h: h.answer(200, b"ok")
    resolver = lambda host, port: ["127.0.0.1"]  # noqa: E731
    client(headers={"Authorization": "Bearer x"}, resolver=resolver).get(f"{server.url}/a")
    assert [h.headers["Authorization"] for h in server.seen] == ["Bearer x", "Bearer x", None]


class Rerouted(httpcore.SyncBackend):
    """Records the addresses connected to, and leads them all to the test's server."""

    def __init__(self, port):
        self.port, self.asked = port, []

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.asked.append(host)
        return super().connect_tcp("127.0.0.1", self.port, timeout, local_address, socket_options)


def test_a_name_that_changes_its_answer_gains_nothing(server):
    server.routes["/x"] = lambda h: h.answer(200, b"ok", Connection="close")
    answers = [["93.184.215.14"], ["127.0.0.1"]]
    network = Rerouted(server.server_port)
    http = client(policy={"allow_private": False}, resolver=lambda *_: answers.pop(0), network=network)
    assert http.get("http://feeds.example.test/x").content == b"ok"
    assert server.seen[0].headers["Host"] == "feeds.example.test"
    with pytest.raises(HttpRefused) as caught:
        http.get("http://feeds.example.test/x")
    assert caught.value.code == "address"
    assert network.asked == ["93.184.215.14"]


def test_one_forbidden_answer_among_others_refuses_the_name(server):
    network = Rerouted(server.server_port)
    resolver = lambda host, port: ["93.184.215.14", "10.0.0.1"]  # noqa: E731
    with pytest.raises(HttpRefused, match="address"):
        client(policy={"allow_private": False}, resolver=resolver, network=network).get("http://a.test/")
    assert network.asked == []


@pytest.mark.parametrize(
    ("url", "policy", "code"),
    [
        ("http://127.0.0.1/", {"allow_private": False}, "address"),
        ("http://2130706433/", {"allow_private": False}, "address"),
        ("https://127.0.0.1/", {}, "scheme"),
        ("gopher://127.0.0.1/", {}, "scheme"),
        ("http://other.test/", {"hosts": frozenset({"feeds.test"})}, "host"),
        ("http://a:b@127.0.0.1/", {}, "credentials"),
        ("http://127.0.0.1/" + "a" * 3000, {}, "url"),
        ("http://127.0.0.1:99999999/", {}, "url"),
        ("http://a\x00b/", {}, "url"),
    ],
)
def test_an_address_outside_the_policy_is_refused(url, policy, code):
    with pytest.raises(HttpRefused) as caught:
        client(policy=policy).get(url)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_are_forbidden(address):
    assert is_forbidden(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07::1", "::ffff:93.184.215.14"])
def test_public_addresses_are_allowed(address):
    assert not is_forbidden(address)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1", "224.0.0.1", "0.0.0.0", "::ffff:169.254.1.1"]
)
def test_link_local_and_multicast_stay_closed_on_a_private_network(address):
    assert is_forbidden(address, allow_private=True)
    assert not is_forbidden("10.0.0.1", allow_private=True)


@given(st.integers(0, 2**32 - 1))
def test_a_mapped_address_is_judged_like_what_it_carries(number):
    plain = socket.inet_ntoa(struct.pack("!I", number))
    assert is_forbidden(f"::ffff:{plain}") == is_forbidden(plain)


def test_a_body_larger_than_allowed_is_refused_at_its_announcement_and_on_the_way(server, tmp_path):
    def endless(handler):
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(CONTENT)

    server.routes["/announced"] = versioned
    server.routes["/endless"] = endless
    for path in ("/announced", "/endless"):
        with pytest.raises(HttpRefused) as caught:
            client(policy={"max_bytes": 1000}).fetch(server.url + path, tmp_path / "x")
        assert caught.value.code == "too_large"
        assert not list(tmp_path.iterdir())
        with pytest.raises(HttpRefused, match="too_large"):
            client().get(server.url + path, max_bytes=1000)


def packed(content, encoding="gzip"):
    return lambda handler: handler.answer(200, content, Content_Encoding=encoding)


def test_a_body_packed_on_the_way_is_unpacked_within_limits(server, tmp_path):
    server.routes["/ok"] = packed(gzip.compress(CONTENT))
    server.routes["/bomb"] = packed(gzip.compress(bytes(20_000_000)))
    server.routes["/cut"] = packed(gzip.compress(CONTENT)[:-30])
    server.routes["/br"] = packed(b"x", "br")
    http = client(policy={"attempts": 1})
    assert http.fetch(f"{server.url}/ok", tmp_path / "ok").sha256 == SHA256
    for path, code, kind in [
        ("/bomb", "ratio", HttpRefused),
        ("/cut", "damaged", HttpUnavailable),
        ("/br", "encoding", HttpRefused),
    ]:
        with pytest.raises(kind) as caught:
            http.fetch(server.url + path, tmp_path / "other")
        assert caught.value.code == code
    assert not (tmp_path / "other").exists()


def test_a_server_that_drips_is_left_at_the_end_of_the_time_given(server, tmp_path):
    released = threading.Event()

    def drip(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        while not released.is_set():
            handler.wfile.write(b"x")
            handler.wfile.flush()
            clock[0] += 1.0
            released.wait(0.001)

    clock = [0.0]
    server.routes["/drip"] = drip
    try:
        with pytest.raises(HttpUnavailable) as caught:
            client(policy={"total_seconds": 5.0}, clock=lambda: clock[0]).fetch(
                f"{server.url}/drip", tmp_path / "x"
            )
    finally:
        released.set()
    assert caught.value.code == "timeout"


def test_a_name_without_address_and_a_closed_port_are_unavailable(server):
    def unknown(host, port):
        raise socket.gaierror

    with pytest.raises(HttpUnavailable, match="resolve"):
        client(resolver=unknown).get("http://nowhere.test/")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(HttpUnavailable, match="connection"):
        client().get(f"http://127.0.0.1:{port}/")


def test_a_webhook_is_posted_once_as_it_is(server):
    server.routes["/hook"] = lambda h: h.answer(202, b"thanks")
    with client() as http:
        result = http.post_json(
            f"{server.url}/hook", b'{"a": 1}', {"webhook-id": "m1"}, "application/cloudevents+json"
        )
        assert result.accepted
        assert result.content == b"thanks"
        http.post_json(f"{server.url}/hook", {"texte": "é"})
    first, second = server.seen
    assert first.body == b'{"a": 1}'
    assert first.headers["Content-Type"] == "application/cloudevents+json"
    assert first.headers["webhook-id"] == "m1"
    assert second.body == '{"texte": "é"}'.encode()


def test_a_webhook_follows_no_redirect_and_reports_refusals(server):
    server.routes["/moved"] = lambda h: h.answer(302, Location="/hook")
    server.routes["/busy"] = lambda h: h.answer(429, b"x" * 100_000, Retry_After="30")
    moved = client().post_json(f"{server.url}/moved", {})
    assert (moved.status, moved.accepted) == (302, False)
    busy = client().post_json(f"{server.url}/busy", {})
    assert (busy.status, busy.retry_after, len(busy.content)) == (429, 30.0, 65_536)
    with pytest.raises(HttpRefused, match="address"):
        client(policy={"allow_private": False}).post_json(f"{server.url}/hook", {})


@given(
    st.dictionaries(st.sampled_from(["etag", "last_modified", "x"]), st.none() | st.text() | st.integers())
)
def test_a_kept_state_of_any_shape_is_read(kept):
    state = FetchState.from_dict(kept)
    assert FetchState.from_dict(state.as_dict()) == state


@pytest.fixture
def certificates(tmp_path):
    """A certificate for feeds.example.test signed by itself: (server context, client context)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "feeds.example.test")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("feeds.example.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, secret = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(certificate.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(chain, secret)
    return serving, ssl.create_default_context(cafile=chain)


def test_tls_verifies_the_name_although_the_address_is_pinned(server, certificates):
    serving, trusting = certificates
    server.socket = serving.wrap_socket(server.socket, server_side=True)
    server.routes["/x"] = lambda h: h.answer(200, b"ok")
    http = client(
        policy={"schemes": frozenset({"https"}), "attempts": 1},
        tls=trusting,
        resolver=lambda *_: ["127.0.0.1"],
    )
    assert http.get(f"https://feeds.example.test:{server.server_port}/x").content == b"ok"
    with pytest.raises(HttpUnavailable, match="connection"):
        http.get(f"https://other.example.test:{server.server_port}/x")
