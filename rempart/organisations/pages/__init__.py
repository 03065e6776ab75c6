"""The pages of organisations, of people, of one's own channels, and of accounts."""

from __future__ import annotations

from rempart.organisations.pages import channels, imports, people, places, users

urlpatterns = [
    *imports.urlpatterns,
    *places.urlpatterns,
    *people.urlpatterns,
    *channels.urlpatterns,
    *users.urlpatterns,
]
