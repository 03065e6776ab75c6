"""Rule collections of Sigma 1, which pySigma still reads: documents of a file that complete each other.

``action: global`` holds what the rules after it all have; ``reset`` forgets it; ``repeat`` is the rule before
it, with what it says itself. What is global prevails over what a rule says, as in pySigma.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rempart.engines.sigma.texts import BadValue

_APART: Final = ("correlation", "filter")  # documents that take nothing of others


class Whole:
    """The documents of a file, in their order, made whole."""

    def __init__(self) -> None:
        self._shared: dict[str, Any] = {}
        self._before: dict[str, Any] = {}
        self._given: dict[str, int] = {}
        #: Whether what was said to be global served no rule.
        self.idle = False

    def of(self, document: Mapping[str, Any]) -> dict[str, Any] | None:
        """A document with what others add to it; None of one that is there for others. Raises BadValue."""
        action = document.get("action")
        said = {name: value for name, value in document.items() if name != "action"}
        if action is None:
            if any(name in document for name in _APART):
                return said
            self._before = _merged(said, self._shared)
            self.idle = False
        elif action == "global":
            self._shared = self._before = said
            self.idle = True
            return None
        elif action == "reset":
            self._shared = {}
            return None
        elif action == "repeat":
            self._before = _merged(self._before, said)
            self.idle = False
        else:
            raise BadValue(f"'action' is neither global, reset nor repeat: {action!r}")
        return self._told_apart(self._before, own="id" in said)

    def _told_apart(self, rule: dict[str, Any], *, own: bool) -> dict[str, Any]:
        """The rule, with an id of its own when it has that of another: the second has ``#2`` after it."""
        if own or rule.get("id") is None:
            return rule
        count = self._given[str(rule["id"])] = self._given.get(str(rule["id"]), 0) + 1
        return rule if count == 1 else {**rule, "id": f"{rule['id']}#{count}"}


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(under)
    for name, value in over.items():
        beneath = made.get(name)
        if isinstance(value, Mapping) and isinstance(beneath, Mapping):
            made[name] = _merged(beneath, value)
        else:
            made[name] = value
    return made
