"""Every write of this slice."""

from rempart.intelligence.commands.counts import LoadCounts, Progress
from rempart.intelligence.commands.cve import load_cve
from rempart.intelligence.commands.epss import load_epss
from rempart.intelligence.commands.kev import load_kev
from rempart.intelligence.commands.runs import ensure_default_feeds

__all__ = ["LoadCounts", "Progress", "ensure_default_feeds", "load_cve", "load_epss", "load_kev"]
