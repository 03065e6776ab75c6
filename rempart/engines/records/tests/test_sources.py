"""Records in files, folders and archives, and the attacks those allow."""

import gzip
import io
import json
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rempart.engines.records.reading import Limits
from rempart.engines.records.sources import CVE_FILES, open_records


def record(number: int, **more) -> dict:
    return {"cveMetadata": {"cveId": f"CVE-2024-{number:04}", "state": "PUBLISHED"}, **more}


def raw(number: int, **more) -> bytes:
    return json.dumps(record(number, **more)).encode()


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def outcome(readings) -> list[str]:
    """Each reading as its record's identifier, or its error's code."""
    return [
        reading.error.code if reading.error else reading.document["cveMetadata"]["cveId"]
        for reading in readings
    ]


def test_one_file(tmp_path):
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + raw(1))
    (reading,) = open_records(tmp_path / "a.json")
    assert (reading.where, reading.document) == ("a.json", record(1))


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress])
def test_lines_are_numbered_and_a_bad_one_does_not_stop_the_rest(tmp_path, pack):
    path = tmp_path / "records.jsonl.gz"
    path.write_bytes(pack(b"\n".join([raw(1), b"{broken", b"", raw(2), b"[1]", raw(1)])))
    readings = list(open_records(path))
    assert outcome(readings) == ["CVE-2024-0001", "not_json", "CVE-2024-0002", "wrong_type", "duplicate"]
    assert [reading.where.split(":")[1] for reading in readings] == ["1", "2", "4", "5", "6"]
    assert "records.jsonl.gz:1" in readings[-1].error.message


def test_a_folder_is_read_in_order_without_following_links(tmp_path):
    root = tmp_path / "root"
    (root / "2024" / "0xxx").mkdir(parents=True)
    (root / "2024" / "0xxx" / "CVE-2024-0002.json").write_bytes(raw(2))
    (root / "2024" / "delta.json").write_bytes(b"{}")
    (root / "CVE-2024-0001.json").write_bytes(raw(1))
    (tmp_path / "CVE-2024-0009.json").write_bytes(raw(9))
    (root / "CVE-2024-0009.json").symlink_to(tmp_path / "CVE-2024-0009.json")
    (root / "loop").symlink_to(root)
    readings = list(open_records(root, only=CVE_FILES))
    assert [reading.where for reading in readings] == ["2024/0xxx/CVE-2024-0002.json", "CVE-2024-0001.json"]


def test_the_release_archive_within_its_archive(tmp_path):
    inner = zipped(
        {
            "cves/2024/0xxx/CVE-2024-0001.json": raw(1),
            "cves/2024/0xxx/CVE-2024-0002.json": raw(2),
            "cves/delta.json": b"[]",
            "README.md": b"hello",
        }
    )
    path = tmp_path / "all_CVEs_at_midnight.zip.zip"
    path.write_bytes(zipped({"cves.zip": inner}))
    readings = list(open_records(path, only=CVE_FILES))
    assert outcome(readings) == ["CVE-2024-0001", "CVE-2024-0002"]
    assert readings[0].where == "all_CVEs_at_midnight.zip.zip!cves.zip!cves/2024/0xxx/CVE-2024-0001.json"


def test_a_member_may_be_named_anything_since_nothing_is_written(tmp_path):
    path = tmp_path / "slip.zip"
    path.write_bytes(zipped({"../../etc/CVE-2024-0001.json": raw(1)}))
    assert outcome(open_records(path)) == ["CVE-2024-0001"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["slip.zip"]


def test_deep_documents_are_refused(tmp_path):
    deep = [b'{"a":' * depth + b"1" + b"}" * depth for depth in (70, 500, 100_000)]
    wide = json.dumps(record(1, many=[[{}] for _ in range(1_000)])).encode()
    path = tmp_path / "deep.jsonl"
    path.write_bytes(b"\n".join([*deep, wide]))
    assert outcome(open_records(path)) == ["too_deep", "too_deep", "too_deep", "CVE-2024-0001"]


def test_a_long_line_is_skipped_and_the_next_is_read(tmp_path):
    path = tmp_path / "long.jsonl"
    path.write_bytes(raw(1, pad="x" * 5_000) + b"\n" + raw(2))
    assert outcome(open_records(path, Limits(record_bytes=1_000))) == ["too_large", "CVE-2024-0002"]


@pytest.mark.parametrize("name", ["bomb.jsonl.gz", "bomb.json.gz"])
def test_a_gzip_bomb_is_stopped(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(gzip.compress(raw(1) + b"\n" + b" " * 60_000_000))
    assert outcome(open_records(path))[-1] in {"ratio", "too_large"}


def test_a_zip_bomb_is_stopped(tmp_path):
    path = tmp_path / "bomb.zip"
    path.write_bytes(zipped({"CVE-2024-0001.json": b" " * 60_000_000, "CVE-2024-0002.json": raw(2)}))
    assert outcome(open_records(path)) == ["ratio", "CVE-2024-0002"]


def test_a_lying_member_size_is_caught(tmp_path):
    content = bytearray(zipped({"CVE-2024-0001.json": raw(1, pad="x" * 10_000)}))
    where = content.index(b"PK\x01\x02") + 24  # uncompressed size in the central directory
    content[where : where + 4] = (10).to_bytes(4, "little")
    path = tmp_path / "liar.zip"
    path.write_bytes(content)
    assert outcome(open_records(path))[0] in {"not_json", "unreadable"}


def test_total_and_member_counts_are_bounded(tmp_path):
    path = tmp_path / "many.zip"
    path.write_bytes(zipped({f"CVE-2024-{number:04}.json": raw(number) for number in range(1, 9)}))
    assert outcome(open_records(path, Limits(members=5))) == ["too_many"]
    assert outcome(open_records(path, Limits(total_bytes=200)))[-1] == "too_large"
    nest = zipped({f"{number}.zip": path.read_bytes() for number in range(5)})
    (tmp_path / "nest.zip").write_bytes(nest)
    assert "too_large" in outcome(open_records(tmp_path / "nest.zip", Limits(total_bytes=1_500)))
    (tmp_path / "folder").mkdir()
    for number in range(1, 4):
        (tmp_path / "folder" / f"{number}.json").write_bytes(raw(number))
    assert outcome(open_records(tmp_path / "folder", Limits(members=2)))[-1] == "too_many"


def test_truncated_files_keep_what_came_before(tmp_path):
    lines = b"\n".join(raw(number, pad=str(number) * 50) for number in range(1, 2_000))
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(lines)[:-3_000])
    found = outcome(open_records(tmp_path / "cut.jsonl.gz"))
    assert found[-1] == "truncated"
    assert "CVE-2024-0001" in found
    (tmp_path / "cut.zip").write_bytes(zipped({"CVE-2024-0001.json": raw(1)})[:-10])
    assert outcome(open_records(tmp_path / "cut.zip")) == ["unreadable"]


def test_wrong_encodings_nul_and_surrogates(tmp_path):
    path = tmp_path / "odd.jsonl"
    nul = b'{"cveMetadata":{"cveId":"CVE-2024-0003"},"a\\u0000":["b\\u0000"]}'
    path.write_bytes(b"\n".join(['{"é": 1}'.encode("cp1252"), b'{"a": "\\ud800"}', b"\x00\x00", raw(1), nul]))
    readings = list(open_records(path))
    assert outcome(readings) == ["not_json", "not_json", "not_json", "CVE-2024-0001", "CVE-2024-0003"]
    assert readings[-1].document["a\ufffd"] == ["b\ufffd"]


def test_an_absent_path_is_the_callers_mistake(tmp_path):
    with pytest.raises(FileNotFoundError):
        list(open_records(tmp_path / "absent"))


@given(content=st.binary(max_size=300), name=st.sampled_from(["a.json", "a.jsonl", "a.jsonl.gz", "a.zip"]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_readings_and_no_exception(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content)
    for reading in open_records(path):
        assert (reading.document is None) != (reading.error is None)


VALID_ZIP = zipped({"CVE-2024-0001.json": raw(1), "inner.zip": zipped({"CVE-2024-0002.json": raw(2)})})
VALID_GZIP = gzip.compress(raw(1) + b"\n" + raw(2))


@given(data=st.data(), valid=st.sampled_from([(VALID_ZIP, "a.zip"), (VALID_GZIP, "a.jsonl.gz")]))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_archive_gives_readings_and_no_exception(tmp_path, data, valid):
    content, name = bytearray(valid[0]), valid[1]
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / name
    path.write_bytes(content)
    for reading in open_records(path):
        assert (reading.document is None) != (reading.error is None)
