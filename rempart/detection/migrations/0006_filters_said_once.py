"""What bodies' filters say, and the packs that hold it, move to the tables that their own people alone read."""

from django.db import migrations

from rempart.detection.tuning_shape import shape_of


def move_in(apps, schema_editor):
    tunings, texts = (apps.get_model("detection", name) for name in ("Tuning", "TuningText"))
    rules, packs, files = (apps.get_model("detection", name) for name in ("Rule", "Pack", "PackFile"))
    known = set(rules.objects.values_list("key", flat=True)) if tunings.objects.exists() else set()
    for one in tunings.objects.iterator(chunk_size=200):
        texts.objects.create(
            body_id=one.body_id, tuning=one, title=one.title, key=one.key, text=one.text, reason=one.reason,
            note=one.note,
        )  # fmt: skip
        one.shape, one.note = shape_of(one.text, known), ""
        one.save(update_fields=["shape", "note"])
    for pack in packs.objects.exclude(body=None).iterator(chunk_size=10):
        if pack.file:
            files.objects.create(body_id=pack.body_id, pack=pack, contents=pack.contents, file=pack.file)
        pack.contents, pack.file = "", b""
        pack.save(update_fields=["contents", "file"])


class Migration(migrations.Migration):
    dependencies = [("detection", "0005_filters_of_bodies")]

    operations = [migrations.RunPython(move_in)]
