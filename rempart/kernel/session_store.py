"""Sessions as Django keeps them in the database, read by every request with SQL written once."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from rempart.kernel.prepared import Prepared
from rempart.kernel.time import now

_kept = Prepared(
    lambda key, at: (
        DatabaseStore.get_model_class()
        .objects.filter(session_key=key, expire_date__gt=at)
        .values_list("session_data")
    )
)


class SessionStore(DatabaseStore):
    def load(self) -> dict[str, Any]:
        found = _kept.first(key=self.session_key, at=now())
        if found is None:
            self._session_key = None
            return {}
        return dict(self.decode(found[0]))
