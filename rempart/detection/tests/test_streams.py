"""Workers on real brokers: killed at any moment, they lose no event and tell no detection twice."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import random
import signal
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.detection.streams.ledger import Done
from rempart.detection.tests.conftest import CORRELATION, ROOT, sysmon
from tests.brokers import has_nats, kafka_broker, nats_server, on_nats, publish
from tests.kafka_guard import Guard

pytestmark = pytest.mark.any_database
needs_nats = pytest.mark.skipif(
    not has_nats(), reason="nats-server is not installed (Debian: apt-get install nats-server)"
)


def _line(number: int) -> bytes:
    """One event in three is found."""
    return json.dumps(sysmon(number, "sc stop mpssvc" if number % 3 == 0 else "sc query")).encode()


def _expected(count: int) -> list[int]:
    return list(range(0, count, 3))


def _command(tmp_path: Path, rules: Path, address: str, to: Path, **more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", "from rempart.cli import main; main()", "detect", address,
         "--rules", str(rules), "--to", str(to)],
        cwd=ROOT,
        env={**os.environ, "REMPART_VAR": str(tmp_path / "var"), **more},
        stderr=subprocess.PIPE,
    )  # fmt: skip


def _lines(to: Path) -> list[dict[str, Any]]:
    """The whole lines so far."""
    whole = to.read_bytes().rpartition(b"\n")[0] if to.exists() else b""
    return [json.loads(line) for line in whole.splitlines()]


def _told(to: Path) -> int:
    """How many whole lines so far, without reading what they say."""
    return to.read_bytes().count(b"\n") if to.exists() else 0


def _numbers(to: Path) -> list[int]:
    return sorted(line["event"]["ProcessId"] for line in _lines(to))


def _until(what: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> None:
    end = time.monotonic() + 240
    while not what():
        assert time.monotonic() < end, "it did not come"
        if process is not None and process.poll() is not None:
            assert process.stderr
            pytest.fail(process.stderr.read().decode())
        time.sleep(0.02)


@contextmanager
def _working(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that must end well when told to."""
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, process.stderr and process.stderr.read().decode()
    finally:
        process.kill()
        process.wait()


def _stream(server: str, messages: list[bytes]) -> None:
    async def work(client: Any) -> None:
        await client.jetstream().add_stream(name="EVENTS", subjects=["logs.>"])
        await publish(client, "logs.windows", messages)

    on_nats(server, work)


def _killed_again_and_again(
    start: Callable[[], subprocess.Popen[bytes]], to: Path, kills: int, expected: list[int]
) -> None:
    """Kill workers once each has told something new, then let one finish."""
    chance = random.Random(6)
    for _ in range(kills):
        before = _told(to)
        process = start()
        try:
            _until(lambda: _told(to) != before or before >= len(expected), process)  # noqa: B023
            time.sleep(chance.random() / 10)
        finally:
            process.kill()
            process.wait()
    with _working(start()) as process:
        _until(lambda: _told(to) >= len(expected), process)
        time.sleep(1)  # what would come twice would come now
    assert _numbers(to) == expected
    assert max(Counter(line["id"] for line in _lines(to)).values()) == 1


def _nats_survives(tmp_path: Path, rules: Path, count: int, kills: int) -> None:
    to = tmp_path / "found.jsonl"
    with nats_server(tmp_path / "nats") as server:
        _stream(server, [_line(number) for number in range(count)])
        address = f"nats://{server}/EVENTS?durable=worker&redeliver=1"
        _killed_again_and_again(lambda: _command(tmp_path, rules, address, to), to, kills, _expected(count))


@needs_nats
def test_a_worker_on_jetstream_killed_loses_and_doubles_nothing(tmp_path: Path, rules: Path) -> None:
    _nats_survives(tmp_path, rules, 12_000, 2)


@needs_nats
@pytest.mark.full
def test_a_worker_on_jetstream_killed_ten_times(tmp_path: Path, rules: Path) -> None:
    _nats_survives(tmp_path, rules, 60_000, 10)


def _kafka_survives(tmp_path: Path, rules: Path, count: int, kills: int) -> None:
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient, NewTopic

    to = tmp_path / "found.jsonl"
    with kafka_broker(tmp_path / "kafka") as broker:
        admin = AdminClient({"bootstrap.servers": broker})
        admin.create_topics([NewTopic("events", 2, 1)])["events"].result(30)
        producer = Producer({"bootstrap.servers": broker, "acks": "all"})
        for number in range(count):
            producer.produce("events", _line(number), partition=number % 2)
            if number % 1000 == 0:
                producer.flush(30)
        assert producer.flush(30) == 0
        address = f"kafka://{broker}/events?group=workers&redeliver=6"
        _killed_again_and_again(lambda: _command(tmp_path, rules, address, to), to, kills, _expected(count))
        assert {line["source"] for line in _lines(to)} == {"kafka:events/0", "kafka:events/1"}


def test_a_worker_on_kafka_loses_and_doubles_nothing(tmp_path: Path, rules: Path) -> None:
    _kafka_survives(tmp_path, rules, 3_000, 0)


@pytest.mark.full
def test_a_worker_on_kafka_killed_again_and_again(tmp_path: Path, rules: Path) -> None:
    _kafka_survives(tmp_path, rules, 30_000, 3)


@needs_nats
def test_a_stream_is_read_again_from_a_place_with_the_same_identifiers(tmp_path: Path, rules: Path) -> None:
    """Whole logs in messages too, and what cannot be read is told with its message."""
    messages = [_line(number) for number in range(9)]
    messages += [gzip.compress(_line(12) + b"\n" + _line(13) + b"\n" + _line(15)), b'{"cut": ', b""]
    first, again = tmp_path / "first.jsonl", tmp_path / "again.jsonl"
    with nats_server(tmp_path / "nats") as server:
        _stream(server, messages)
        with _working(_command(tmp_path, rules, f"nats://{server}/EVENTS", first)) as process:
            _until(lambda: len(_lines(first)) == 5, process)
        told = process.stderr.read().decode() if process.stderr else ""
        assert "nats:EVENTS/11" in told
        address = f"nats://{server}/EVENTS?durable=again&from=5&subject=logs.windows"
        with _working(_command(tmp_path, rules, address, again)) as process:
            _until(lambda: len(_lines(again)) == 3, process)
        refused = _command(tmp_path, rules, f"nats://{server}/EVENTS?durable=again&from=1", again)
        _, told_again = refused.communicate(timeout=60)
    assert [(line["source"], line["event_index"]) for line in _lines(first)] == [
        ("nats:EVENTS", 1),
        ("nats:EVENTS", 4),
        ("nats:EVENTS", 7),
        ("nats:EVENTS/10", 0),
        ("nats:EVENTS/10", 2),
    ]
    assert [line["id"] for line in _lines(again)] == [line["id"] for line in _lines(first)[2:]]
    assert refused.returncode == 1
    assert b"durable" in told_again


@needs_nats
def test_one_worker_a_file_and_a_file_put_away(tmp_path: Path, rules: Path) -> None:
    to, away = tmp_path / "found.jsonl", tmp_path / "found.1.jsonl"
    with nats_server(tmp_path / "nats") as server:
        _stream(server, [_line(0)])
        address = f"nats://{server}/EVENTS"
        with _working(_command(tmp_path, rules, address, to)) as process:
            _until(lambda: len(_lines(to)) == 1, process)
            second = _command(tmp_path, rules, address, to)
            _, told = second.communicate(timeout=60)
            assert second.returncode == 1
            assert str(to).encode() in told
            to.rename(away)
            on_nats(server, lambda client: publish(client, "logs.a", [_line(3)]))
            _until(lambda: len(_lines(away)) == 2, process)
            _until(to.exists, process)
            on_nats(server, lambda client: publish(client, "logs.a", [_line(6)]))
            _until(lambda: _numbers(to) == [6], process)
    assert _numbers(away) == [0, 3]


@needs_nats
def test_a_worker_waits_for_a_server_that_restarts(tmp_path: Path, rules: Path) -> None:
    to, folder = tmp_path / "found.jsonl", tmp_path / "nats"
    with nats_server(folder) as server:
        _stream(server, [_line(0)])
        process = _command(tmp_path, rules, f"nats://{server}/EVENTS", to)
        _until(lambda: _numbers(to) == [0], process)
    with _working(process), nats_server(folder, port=int(server.rpartition(":")[2])):
        on_nats(server, lambda client: publish(client, "logs.a", [_line(3)]))
        _until(lambda: _numbers(to) == [0, 3], process)


@needs_nats
def test_a_token_goes_over_tls_that_is_checked(
    tmp_path: Path, rules: Path, authority: tuple[Path, Path, Path]
) -> None:
    ca, certificate, key = authority
    to = tmp_path / "found.jsonl"
    token = "a-token-that-is-long-enough"
    secret = tmp_path / "token"
    secret.write_text(token + "\n")
    config = (
        f'tls {{ cert_file: "{certificate}", key_file: "{key}" }}\nauthorization {{ token: "{token}" }}\n'
    )
    given_ca = {"REMPART_STREAM_CA": str(ca)}
    with nats_server(tmp_path / "nats", config) as server:

        async def made(client: Any) -> None:
            await client.jetstream().add_stream(name="EVENTS", subjects=["logs.>"])
            await publish(client, "logs.windows", [_line(0)])

        on_nats(server, made, tls=ssl.create_default_context(cafile=str(ca)), token=token)
        address = f"nats+tls://{server}/EVENTS"
        for environment, word in (
            ({"REMPART_STREAM_TOKEN_FILE": str(secret)}, b"certificate"),  # an authority that nobody knows
            ({**given_ca, "REMPART_STREAM_TOKEN": "another"}, b"uthorization"),
        ):
            refused = _command(tmp_path, rules, address, to, **environment)
            _, told = refused.communicate(timeout=90)
            assert refused.returncode == 1
            assert word in told
            assert token.encode() not in told
        worker = _command(tmp_path, rules, address, to, **given_ca, REMPART_STREAM_TOKEN_FILE=str(secret))
        with _working(worker) as process:
            _until(lambda: _numbers(to) == [0], process)


@pytest.fixture
def guard(authority: tuple[Path, Path, Path]) -> Guard:
    """A door that asks for a certificate, and for the password of one user."""
    ca, certificate, key = authority
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(ca)
    context.verify_mode = ssl.CERT_REQUIRED
    return Guard(context, {"alice": "a-password-that-is-long"})


@pytest.fixture
def alice(tmp_path: Path, authority: tuple[Path, Path, Path]) -> dict[str, str]:
    """What is let in by the door, as variables."""
    ca, certificate, key = map(str, authority)
    password = tmp_path / "password"
    password.write_text("a-password-that-is-long\n")
    return {
        "REMPART_STREAM_CA": ca, "REMPART_STREAM_CERT": certificate, "REMPART_STREAM_KEY": key,
        "REMPART_STREAM_USER": "alice", "REMPART_STREAM_PASSWORD_FILE": str(password),
    }  # fmt: skip


@pytest.mark.parametrize(
    "mechanism", ["PLAIN", pytest.param("SCRAM-SHA-256", marks=pytest.mark.full), "SCRAM-SHA-512"]
)
def test_a_password_and_a_certificate_open_kafka(
    tmp_path: Path, rules: Path, guard: Guard, alice: dict[str, str], mechanism: str
) -> None:
    to = tmp_path / "found.jsonl"
    with guard.before(tmp_path / "kafka") as door:
        _produced(door, "PLAIN", alice)
        guard.seen.clear()
        address = f"kafka+tls://{door}/events?sasl={mechanism}"
        with _working(_command(tmp_path, rules, address, to, **alice)) as process:
            _until(lambda: _numbers(to) == [0], process)
    assert set(guard.seen) == {mechanism}


def test_what_kafka_refuses_is_said_without_the_secret(
    tmp_path: Path, rules: Path, guard: Guard, alice: dict[str, str]
) -> None:
    with guard.before(tmp_path / "kafka") as door:
        refused = [
            (
                _command(
                    tmp_path, rules, f"kafka+tls://{door}/events", tmp_path / word, **{**alice, **other}
                ),
                word,
            )
            for other, word in (
                ({"REMPART_STREAM_CA": ""}, "certificate verify failed"),  # of an authority that nobody knows
                ({"REMPART_STREAM_CERT": "", "REMPART_STREAM_KEY": ""}, "certificate required"),
                (
                    {"REMPART_STREAM_PASSWORD_FILE": "", "REMPART_STREAM_PASSWORD": "another"},
                    "another password",
                ),
            )
        ]
        for process, word in refused:
            _, told = process.communicate(timeout=90)
            assert process.returncode == 1
            assert word in told.decode()
            assert b"a-password-that-is-long" not in told


def _produced(door: str, mechanism: str, known: dict[str, str]) -> None:
    """A topic with one event, which ours asked for."""
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient, NewTopic

    settings: dict[str, Any] = {
        "bootstrap.servers": door, "security.protocol": "SASL_SSL", "log_level": 0,
        "ssl.ca.location": known["REMPART_STREAM_CA"], "sasl.mechanism": mechanism, "sasl.username": "alice",
        "ssl.certificate.location": known["REMPART_STREAM_CERT"],
        "ssl.key.location": known["REMPART_STREAM_KEY"],
        "sasl.password": Path(known["REMPART_STREAM_PASSWORD_FILE"]).read_text().strip(),
    }  # fmt: skip
    admin = AdminClient(settings)
    admin.create_topics([NewTopic("events", 1, 1)])["events"].result(30)
    producer = Producer(settings)
    producer.produce("events", _line(0))
    assert producer.flush(30) == 0


@pytest.fixture
def authority(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A certificate of its own authority for this machine, and its key."""
    from datetime import UTC, datetime, timedelta
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "broker")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = tmp_path / "broker.pem", tmp_path / "broker.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, certificate, secret


@pytest.mark.parametrize(
    ("address", "word", "status"),
    [
        ("nats://alice:secret@host/EVENTS", "REMPART_STREAM_USER", 1),
        ("nats://host/EVENTS?durable=a&durable=b", "twice", 1),
        ("nats://host/EVENTS?group=a", "group", 1),
        ("nats://host/a.b", "a.b", 1),
        ("nats://host:99999/EVENTS", "host:99999", 1),
        ("nats://host/EVENTS?from=yesterday", "from", 1),
        ("kafka://host/events?sasl=NONE", "SCRAM-SHA-256", 1),
        ("kafka://host/events?redeliver=0", "redeliver", 1),
        ("kafka://host/events?from=1", "kafka+tls://", 1),
    ],
)
def test_an_address_that_is_not_understood_says_so(
    rempart: Any, rules: Path, monkeypatch: pytest.MonkeyPatch, address: str, word: str, status: int
) -> None:
    monkeypatch.setenv("REMPART_STREAM_PASSWORD", "secret")
    done = rempart("detect", address, "--rules", rules, status=status)
    assert word in done.stderr
    assert "secret" not in done.stderr


def test_a_worker_says_that_correlations_want_it_alone(rempart: Any, rules: Path) -> None:
    without = rempart("detect", "nats://host:99999/EVENTS", "--rules", rules, status=1)
    (rules / "correlation.yml").write_text(CORRELATION)
    told = rempart("detect", "nats://host:99999/EVENTS", "--rules", rules, status=1)
    assert "start a single one of a name" in told.stderr
    assert "single" not in without.stderr


def test_a_stream_is_read_alone(rempart: Any, rules: Path, log: Path) -> None:
    for arguments in (["nats://h/E", log], ["nats://h/E", "--jobs", "2"], ["nats://h/E", "--follow"]):
        assert "nats://" in rempart("detect", *arguments, "-r", rules, status=2).stderr


@given(st.lists(st.one_of(st.integers(0, 40), st.tuples(st.just("floor"), st.integers(0, 40)))))
def test_what_is_done_is_a_set(steps: list[Any]) -> None:
    done, plain = Done(), set[int]()
    for step in steps:
        if isinstance(step, tuple):
            done.raise_floor(step[1])
            plain |= set(range(step[1] + 1))
        else:
            done.add(step)
            plain.add(step)
        assert {number for number in range(60) if number in done} == plain
        again = Done(done.floor, done.ranges())
        assert {number for number in range(60) if number in again} == plain
        for (_, last), (first, _) in itertools.pairwise(done.ranges()):
            assert first > last + 1


def test_a_nats_credentials_file_is_read_and_signs(tmp_path: Path) -> None:
    import base64
    import binascii

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from rempart.detection.streams.credentials import read
    from rempart.detection.streams.model import StreamError
    from rempart.detection.streams.places import parse

    seed = bytes(range(32))
    raw = bytes([18 << 3 | 20 << 3 >> 5, (20 << 3 & 31) << 3]) + seed  # a seed (S) of a user (U)
    raw += binascii.crc_hqx(raw, 0).to_bytes(2, "little")
    encoded = base64.b32encode(raw).decode().rstrip("=")
    path = tmp_path / "user.creds"
    path.write_text(
        "-----BEGIN NATS USER JWT-----\neyJ0.eyJq.c2ln\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{encoded}\n------END USER NKEY SEED------\n"
    )
    found = read(parse("nats://far.example/EVENTS"), {"REMPART_STREAM_CREDENTIALS": str(path)})
    assert found.jwt == "eyJ0.eyJq.c2ln"
    assert encoded not in repr(found)
    signature = base64.b64decode(found.signer()("nonce"))
    Ed25519PrivateKey.from_private_bytes(seed).public_key().verify(signature, b"nonce")
    path.write_text(path.read_text().replace(encoded[5:9], "AAAA"))
    with pytest.raises(StreamError, match="credentials"):
        read(parse("nats://far.example/EVENTS"), {"REMPART_STREAM_CREDENTIALS": str(path)})
