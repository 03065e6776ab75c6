"""Short ways to make rules and detectors in tests."""

import json

import yaml

from rempart.engines.sigma import Collection, Detector, compile_rules, load_rules


def document(detection, **more):
    """A rule of Linux events with this detection section."""
    return {
        "title": more.pop("title", "A rule"),
        "id": more.pop("id", "11111111-1111-4111-8111-111111111111"),
        "logsource": more.pop("logsource", {"product": "linux"}),
        "detection": detection,
        **more,
    }


def load(folder, *documents, **options) -> Collection:
    """The collection of these documents, written to a file and read again."""
    path = folder / "rules.yml"
    texts = [
        each if isinstance(each, str) else yaml.safe_dump(each, allow_unicode=True, sort_keys=False)
        for each in documents
    ]
    path.write_text("\n---\n".join(texts), "utf-8")
    return load_rules([path], **options)


def detector(folder, *documents, **options) -> Detector:
    """A detector of these documents, which must all be good."""
    collection = load(folder, *documents)
    assert collection.defects == []
    made = compile_rules(collection, **options)
    assert made.defects == []
    return made


def hits(made: Detector, *events) -> list[int]:
    """The positions of the events that some rule matches."""
    hint = {"product": "linux"}
    return [each.index for each in made.scan([{"_logsource": hint, **event} for event in events])]


def holds(folder, item, *events, condition="selection", **options):
    """Whether each event matches a rule whose one search is this map or list."""
    made = detector(folder, document({"selection": item, "condition": condition}), **options)
    found = set(hits(made, *events))
    return [index in found for index in range(len(events))]


def compact(value) -> str:
    return json.dumps(value, ensure_ascii=False)
