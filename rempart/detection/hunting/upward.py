"""What a hunt finds goes up part after part, in the order of the logs, while later parts are still read.

What is told does not depend on when: each part's findings are added in order and sent at its end, so that a
hunt that was killed, or that is done again, gives the same detections the same keys.
"""

from __future__ import annotations

from rempart.detection import sending
from rempart.detection.hunting.gathering import Gathering
from rempart.detection.hunting.work import Hunt

Place = tuple[int, int]  # of a part: the number of its file, and its first row there


class Upward:
    """The findings of a hunt on their way to the platform. ``matches``: how many were told or held."""

    def __init__(self, gathering: Gathering, places: list[Place], outgoing: sending.Outgoing) -> None:
        self._gathering, self._outgoing = gathering, outgoing
        self._places = sorted(places)
        self._next = 0
        self._held = False  # the last part that was added is not answered yet
        self.matches = 0
        for _ in range(gathering.told):  # by a process that was killed since
            self._add()
            outgoing.known()
            self._held = False

    def advance(self) -> None:
        """Sends the parts that are done up to the first that is not. One that the platform does not take now
        waits for the next call.
        """
        try:
            self._through(patient=False)
        except sending.NotSent:
            return

    def finish(self, hunt: Hunt) -> None:
        """Sends what is left, then what correlations find. Raises NotSent."""
        self._through(patient=True)
        for finding in self._gathering.correlated(hunt):
            self.matches += 1
            self._outgoing.add(finding)
        self._outgoing.flush()

    def _through(self, *, patient: bool) -> None:
        while True:
            if self._held:
                self._outgoing.flush(patient=patient)
                self._held = False
                self._gathering.tell(self._next)
            if self._next == len(self._places) or self._places[self._next] not in self._gathering.done:
                return
            self._add()

    def _add(self) -> None:
        place, row = self._places[self._next]
        self._next += 1
        self._held = True
        later = self._places[self._next] if self._next < len(self._places) else None
        end = later[1] if later is not None and later[0] == place else None
        for finding in self._gathering.of_part(place, row, end):
            self.matches += 1
            self._outgoing.add(finding)
