"""How a body's node speaks of hunts with the platform: what is asked, what it costs, how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import httpx

from rempart.kernel.nodes import PASSING, content_of, node_address, node_client

_MOST_RUNS: Final = 10_000
_API: Final = "/api/v1/hunts"
#: States in which a node works on a run.
GOING: Final = frozenset({"authorised", "running"})


class Unanswered(Exception):
    """The platform did not answer, or cannot now: it may later. The message says why."""


class Refused(Exception):
    """The platform refused; the message says why."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A run as the platform gives it: the rules to look for are fetched apart."""

    id: int
    title: str
    since: datetime
    until: datetime
    state: str


class Platform:
    """The platform, for one node of one body."""

    def __init__(
        self, address: str, body: str, node: str, token: str, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        """Raises ValueError when the address cannot be one of a node."""
        self.address, self.body, self.node, self.token = node_address(address, "--node"), body, node, token
        self._client = node_client(self.address, token, transport=transport)

    def __enter__(self) -> Platform:
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()

    def announce(self, kept: dict[str, Any]) -> list[Taken]:
        """Tell what is kept here; the open runs of this node. Raises Unanswered, Refused."""
        rows = self._asked("POST", f"{_API}/nodes", {"body": self.body, "node": self.node, **kept})
        try:
            return [
                Taken(
                    int(row["id"]), str(row["title"]), datetime.fromisoformat(row["since"]),
                    datetime.fromisoformat(row["until"]), str(row["state"]),
                )
                for row in list(rows)[:_MOST_RUNS]
            ]  # fmt: skip
        except (KeyError, TypeError, ValueError) as problem:
            raise Unanswered(f"{self.address}: {problem}") from None

    def rules(self, run: int) -> bytes:
        """The signed pack of a run's rules, not verified yet."""
        try:
            with self._client.stream("GET", f"{_API}/runs/{run}/rules") as answer:
                if not answer.is_success:
                    raise self._failure(answer.status_code, answer.reason_phrase)
                return content_of(answer)
        except httpx.HTTPError as problem:
            raise Unanswered(f"{self.address}: {problem or type(problem).__name__}") from None
        except ValueError as problem:
            raise Refused(str(problem)) from None

    def estimate(self, run: int, cost: dict[str, Any]) -> str:
        """Tell what a run would cost; where it then is."""
        return self._moved(run, "estimate", cost)

    def progress(self, run: int, done: int, total: int) -> str:
        """Tell how many events are done; where the run is: out of ``GOING``, it must stop."""
        return self._moved(run, "progress", {"done": done, "total": total})

    def end(self, run: int, *, done: int = 0, matches: int = 0, reason: str = "") -> str:
        """Tell the end of a run."""
        return self._moved(run, "end", {"done": done, "matches": matches, "reason": reason})

    def _moved(self, run: int, word: str, content: dict[str, Any]) -> str:
        told = self._asked("POST", f"{_API}/runs/{run}/{word}", {"node": self.node, **content})
        return str(told.get("state", "")) if isinstance(told, dict) else ""

    def _asked(self, method: str, path: str, content: dict[str, Any]) -> Any:
        try:
            answer = self._client.request(method, path, json=content)
            document = answer.json()
        except (httpx.HTTPError, ValueError) as problem:
            raise Unanswered(f"{self.address}: {problem or type(problem).__name__}") from None
        if not answer.is_success:
            title = document.get("title", "") if isinstance(document, dict) else ""
            raise self._failure(answer.status_code, str(title)[:300])
        return document

    def _failure(self, status: int, title: str) -> Unanswered | Refused:
        words = f"{self.address}: {status} {title}"
        return Unanswered(words) if status in PASSING else Refused(words)
