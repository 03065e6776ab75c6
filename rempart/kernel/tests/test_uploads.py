import gzip
import hashlib
import io
import random
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from rempart.kernel.uploads import (
    ArchiveLimits,
    Kind,
    UploadRefused,
    bounded_gunzip,
    open_archive,
    receive,
    safe_name,
    sniff,
)

pytestmark = pytest.mark.any_database


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def workbook():
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.add_worksheet().write(0, 0, "nom")
    return buffer.getvalue()


CONTENTS = [
    ("inventaire.txt", "nom;hôte\nA;é\n".encode(), Kind.CSV),
    ("inventaire.csv", "nom;hôte\nA;é\n".encode("cp1252"), Kind.CSV),
    ("inventaire.csv", "nom\thôte\n".encode("utf-16"), Kind.CSV),
    ("sbom.csv", b'\xef\xbb\xbf  {"bomFormat": "CycloneDX"}', Kind.JSON),
    ("sbom.json", b'<?xml version="1.0"?><bom/>', Kind.XML),
    ("classeur.csv", workbook(), Kind.XLSX),
    ("cves.zip", zipped([("cves/CVE-2021-44228.json", "{}")]), Kind.ZIP),
    ("cves.jsonl", gzip.compress(b"{}", mtime=0), Kind.GZIP),
    ("page.csv", b"\x7fELF\x02\x01\x01\0\0", Kind.UNKNOWN),
    ("image.csv", b"\x89PNG\r\n\x1a\n", Kind.UNKNOWN),
    ("vide.csv", b" \n ", Kind.UNKNOWN),
    ("faux.zip", b"PK\x03\x04 not a zip file", Kind.UNKNOWN),
]


def take(tmp_path, name, content, kinds=tuple(Kind), max_bytes=10**7, limits=None):
    uploaded = SimpleUploadedFile("x", content)
    uploaded._name = name
    return receive(uploaded, kinds=kinds, max_bytes=max_bytes, spool_dir=tmp_path / "spool", limits=limits)


def refusal(tmp_path, *args, **options):
    with pytest.raises(UploadRefused) as caught:
        take(tmp_path, *args, **options)
    assert not list((tmp_path / "spool").iterdir())
    return caught.value


@pytest.mark.parametrize(("name", "content", "kind"), CONTENTS)
def test_content_decides_and_not_the_extension(tmp_path, name, content, kind):
    stored = take(tmp_path, name, content)
    assert stored.kind is kind
    assert stored.path.read_bytes() == content
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert stored.size == len(content)
    assert stored.name == name
    assert stored.path.stat().st_mode & 0o077 == 0


def test_a_refusal_leaves_nothing_behind_and_speaks_both_languages(tmp_path):
    error = refusal(tmp_path, "a.csv", b"a;b", max_bytes=2)
    assert error.code == "too_large"
    assert error.values == {"limit": 2}
    with override("fr"):
        assert str(error.message) == "Le fichier dépasse 2 octets."
    with override("en"):
        assert str(error.message) == "The file exceeds 2 bytes."
    assert refusal(tmp_path, "a.csv", b"").code == "empty"
    assert refusal(tmp_path, "a.csv", b"{}", kinds=[Kind.CSV]).values == {"kind": "json", "accepted": "csv"}


def test_a_broken_transfer_leaves_nothing_behind(tmp_path):
    class Broken:
        name = "a.csv"

        def chunks(self):
            yield b"a;b"
            raise ConnectionError

    with pytest.raises(ConnectionError):
        receive(Broken(), kinds=[Kind.CSV], max_bytes=10, spool_dir=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a/../../b", "..\\evil", "C:\\evil", "C:evil"])
def test_an_archive_that_climbs_out_is_refused(tmp_path, name):
    assert refusal(tmp_path, "a.zip", zipped([(name, "x")])).code == "archive_path"


def test_an_archive_with_a_link_is_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    assert refusal(tmp_path, "a.zip", zipped([(link, "/etc/passwd")])).code == "archive_path"


def test_an_archive_too_full_too_large_or_too_dense_is_refused(tmp_path):
    many = zipped([(f"f{n}", "x") for n in range(11)])
    assert refusal(tmp_path, "a.zip", many, limits=ArchiveLimits(members=10)).code == "archive_members"
    assert refusal(tmp_path, "a.zip", many, limits=ArchiveLimits(expanded_bytes=10)).code == "archive_size"
    bomb = zipped([("zeros", bytes(20_000_000))])
    error = refusal(tmp_path, "a.zip", bomb)
    assert error.code == "archive_ratio"
    assert error.values == {"limit": 200}


def test_an_encrypted_member_is_refused(tmp_path):
    content = bytearray(zipped([("a", "x")]))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert refusal(tmp_path, "a.zip", bytes(content)).code == "archive_encrypted"


def test_a_member_that_understates_its_size_gives_no_more_than_it_said(tmp_path):
    content = bytearray(zipped([("a", b"x" * 5000)]))
    place = content.index(b"PK\x01\x02") + 24
    content[place : place + 4] = (100).to_bytes(4, "little")
    path = tmp_path / "lying.zip"
    path.write_bytes(content)
    with pytest.raises(UploadRefused) as caught, open_archive(path) as archive:
        archive.read("a")
    assert caught.value.code == "archive_unreadable"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("..\\..\\windows\\rapport.csv", "rapport.csv"),
        ("/etc/passwd", "passwd"),
        ("rapport\u202egpj.exe", "rapportgpj.exe"),
        ("a\x00\r\nb.csv", "ab.csv"),
        ("...", "fichier"),
        ("", "fichier"),
        ('<script>"x".csv', "scriptx.csv"),
        ("é" * 10_000 + ".csv", "é" * 116),
        ("Serveurs  d’été.xlsx", "Serveurs d’été.xlsx"),
    ],
)
def test_a_name_is_made_harmless(name, expected):
    assert safe_name(name)[:116] == expected[:116]


@given(st.text(max_size=300))
def test_a_safe_name_is_short_plain_and_stable(name):
    safe = safe_name(name)
    assert 0 < len(safe) <= 120
    assert not set(safe) & set('/\\<>:"|?*\0\n\u202e')
    assert safe not in (".", "..")
    assert safe_name(safe) == safe


def gunzip(content, max_bytes=10**7, max_ratio=200):
    return bounded_gunzip(io.BytesIO(content), max_bytes, max_ratio).read()


@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=4))
def test_gzip_members_come_out_whole(parts):
    assert gunzip(b"".join(gzip.compress(part, mtime=0) for part in parts)) == b"".join(parts)
    assert gunzip(b"".join(gzip.compress(part, mtime=0) for part in parts) + bytes(99_999)) == b"".join(parts)


@given(st.binary(max_size=400))
def test_what_is_not_gzip_is_refused(content):
    with pytest.raises(UploadRefused):
        gunzip(b"\0" + content)


def test_gzip_lines_are_read_one_by_one():
    lines = [f"{n}\n".encode() for n in range(50_000)]
    assert list(bounded_gunzip(io.BytesIO(gzip.compress(b"".join(lines), mtime=0)), 10**6)) == lines


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (gzip.compress(random.Random(1).randbytes(10**6), mtime=0) * 11, "archive_size"),
        (gzip.compress(bytes(5_000_000), mtime=0), "archive_ratio"),
        (gzip.compress(random.Random(1).randbytes(5000), mtime=0)[:-20], "archive_unreadable"),
        (gzip.compress(b"x" * 5000, mtime=0)[:-1], "archive_unreadable"),
        (b"", "archive_unreadable"),
    ],
)
def test_a_gzip_bomb_or_a_cut_stream_is_refused(content, code):
    with pytest.raises(UploadRefused) as caught:
        gunzip(content)
    assert caught.value.code == code


def test_a_file_cut_inside_a_character_is_still_text(tmp_path):
    path = tmp_path / "long.csv"
    path.write_bytes(b"x" * 8191 + "é".encode())
    assert sniff(path) is Kind.CSV


@pytest.mark.full
def test_the_limits_let_real_records_through():
    path = Path(__file__).parents[4] / "shared" / "data" / "cve" / "cve-records.jsonl.gz"
    if not path.exists():
        pytest.skip(f"no CVE records at {path}")
    with path.open("rb") as packed:
        assert sum(1 for _ in bounded_gunzip(packed, 2 * 1024**3)) == 33_144
