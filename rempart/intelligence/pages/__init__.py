"""The pages of this slice."""

from django.urls import path

from rempart.intelligence.pages.advisories import advisory, advisory_list
from rempart.intelligence.pages.authors import feed_authors
from rempart.intelligence.pages.feeds import feed_enable, feed_list, feed_run, feed_runs, quarantine
from rempart.intelligence.pages.vulnerabilities import vulnerability, vulnerability_list

urlpatterns = [
    path("vulnerabilities/", vulnerability_list, name="vulnerability_list"),
    # A publisher's own identifier may hold a slash.
    path("vulnerabilities/<path:cve_id>/", vulnerability, name="vulnerability"),
    path("advisories/", advisory_list, name="advisory_list"),
    path("advisories/<int:advisory_id>/", advisory, name="advisory"),
    path("feeds/", feed_list, name="feed_list"),
    path("feeds/quarantine/", quarantine, name="quarantine"),
    path("feeds/runs/", feed_runs, name="feed_runs"),
    path("feeds/<slug:name>/authors/", feed_authors, name="feed_authors"),
    path("feeds/<slug:name>/run/", feed_run, name="feed_run"),
    path("feeds/<slug:name>/enable/", feed_enable, name="feed_enable"),
]
