"""Support dates as a feed: loaded, changed, refused, withdrawn."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import orjson
import pytest

from rempart.intelligence import commands, queries
from rempart.intelligence.models import Feed, LifecycleCycle, LifecycleProduct, Quarantined
from rempart.kernel.actors import system
from rempart.kernel.models import OutboxEvent

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "endoflife" / "products.json"
pytestmark = pytest.mark.django_db
SYSTEM = system("tests")


def _file(folder: Path, products: dict[str, object]) -> Path:
    path = folder / "products.json"
    path.write_bytes(orjson.dumps(products))
    return path


def _product(*releases: tuple[str, object]) -> dict[str, object]:
    return {
        "title": "Acme",
        "category": "app",
        "releases": [{"releaseCycle": name, "eol": eol} for name, eol in releases],
    }


@pytest.mark.skipif(not DATA.exists(), reason="the public support data are not beside the repository")
def test_the_source_is_recognised_loaded_once_and_read_back_as_it_was() -> None:
    (loaded,) = commands.load_folder(SYSTEM, DATA.parent)
    assert (loaded.kind, loaded.counts.added, loaded.counts.rejected) == ("eol", 464, 0)
    assert LifecycleCycle.objects.count() > 8_000
    _id, debian, cycles = queries.lifecycles()["debian"]
    assert debian.cycles[0].name in cycles
    assert {one.name: one.security.on for one in debian.cycles}["10"] == date(2022, 9, 10)
    (again,) = commands.load_folder(SYSTEM, DATA)
    assert (again.counts.added, again.counts.changed, again.counts.unchanged) == (0, 0, 464)


def test_a_change_keeps_the_cycles_that_remain_and_is_told_once(tmp_path: Path) -> None:
    commands.load_lifecycle(SYSTEM, _file(tmp_path, {"acme": _product(("1", False), ("0", True))}))
    kept = LifecycleCycle.objects.get(name="1").pk
    OutboxEvent.objects.all().delete()
    counts = commands.load_lifecycle(
        SYSTEM, _file(tmp_path, {"acme": _product(("2", False), ("1", "2027-01-01"))})
    )
    assert counts.changed == 1
    assert OutboxEvent.objects.filter(kind="intelligence.lifecycle_changed").count() == 1
    row = LifecycleCycle.objects.get(name="1")
    assert (row.pk, row.security_on, row.security_past) == (kept, date(2027, 1, 1), None)
    assert set(LifecycleCycle.objects.values_list("name", flat=True)) == {"1", "2"}


def test_what_cannot_be_read_is_put_aside_and_ends_nothing(tmp_path: Path) -> None:
    both = {"acme": _product(("1", False)), "other": _product(("1", False)), "third": _product(("1", True))}
    commands.load_lifecycle(SYSTEM, _file(tmp_path, both))
    counts = commands.load_lifecycle(
        SYSTEM, _file(tmp_path, {"acme": _product(("1", "soon")), "third": both["third"]})
    )
    assert counts.rejected == 1
    assert Quarantined.objects.get().record_id == "acme"
    assert LifecycleProduct.objects.count() == 3
    commands.load_lifecycle(SYSTEM, _file(tmp_path, {"acme": both["acme"], "third": both["third"]}))
    assert not Quarantined.objects.exists()
    assert set(LifecycleProduct.objects.values_list("slug", flat=True)) == {"acme", "third"}


def test_the_public_source_is_among_the_feeds_and_off() -> None:
    commands.ensure_default_feeds()
    feed = Feed.objects.get(name="endoflife")
    assert (feed.kind, feed.enabled) == ("eol", False)
