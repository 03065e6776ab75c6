"""What every form of output is: something that takes findings one by one, then ends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import BinaryIO

from rempart.detection.findings import Finding
from rempart.detection.tally import Tally


class Writer(ABC):
    """Writes findings to a stream of bytes, which stays open."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream

    @abstractmethod
    def write(self, finding: Finding) -> None:
        """Take one finding."""

    def close(self, tally: Tally) -> None:
        """End the document, with what was counted in all."""
        self.stream.flush()
