from django.db import migrations

# The public sources, off until someone enables them (a trial has no network).
FEEDS = [
    (
        "kev",
        "kev",
        "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
        60,
    ),
    ("cve", "cve", "https://api.github.com/repos/CVEProject/cvelistV5/releases", 60),
    ("epss", "epss", "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz", 720),
    ("csaf-cisa", "csaf", "https://www.cisa.gov/sites/default/files/csaf/provider-metadata.json", 240),
]


def add_feeds(apps, schema_editor):
    feed = apps.get_model("intelligence", "Feed")
    for name, kind, location, interval in FEEDS:
        feed.objects.get_or_create(
            name=name,
            defaults={"kind": kind, "location": location, "interval_minutes": interval, "enabled": False},
        )


class Migration(migrations.Migration):
    dependencies = [("intelligence", "0002_facts_with_sources")]

    operations = [migrations.RunPython(add_feeds, migrations.RunPython.noop)]
