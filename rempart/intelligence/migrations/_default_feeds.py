"""The public sources, off until someone enables them (a trial has no network)."""

from typing import Any

_KEV = "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"

# Name, kind, location, minutes between two readings.
FEEDS = [
    ("kev", "kev", _KEV, 60),
    ("cve", "cve", "https://api.github.com/repos/CVEProject/cvelistV5/releases", 60),
    ("epss", "epss", "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz", 720),
    ("csaf-cisa", "csaf", "https://www.cisa.gov/sites/default/files/csaf/provider-metadata.json", 240),
]


def add_feeds(apps: Any, schema_editor: Any) -> None:
    feed = apps.get_model("intelligence", "Feed")
    for name, kind, location, interval in FEEDS:
        feed.objects.create(
            name=name, kind=kind, location=location, interval_minutes=interval, enabled=False
        )
