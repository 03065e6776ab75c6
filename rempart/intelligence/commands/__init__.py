"""Every write of this slice."""

from rempart.intelligence.commands.affected import identify_anew
from rempart.intelligence.commands.counts import LoadCounts, Progress
from rempart.intelligence.commands.csaf import load_csaf
from rempart.intelligence.commands.cve import load_cve
from rempart.intelligence.commands.epss import load_epss
from rempart.intelligence.commands.feeds import add_feed, due_feeds, set_feed_enabled
from rempart.intelligence.commands.folder import Loaded, load_folder
from rempart.intelligence.commands.kev import load_kev
from rempart.intelligence.commands.lifecycle import load_lifecycle
from rempart.intelligence.commands.osv import load_osv
from rempart.intelligence.commands.recognising import PassedOver
from rempart.intelligence.commands.runs import ensure_default_feeds
from rempart.intelligence.commands.sync import FeedUnavailable, sync_feed
from rempart.intelligence.commands.vex import accept_author, load_vex

__all__ = [
    "FeedUnavailable",
    "LoadCounts",
    "Loaded",
    "PassedOver",
    "Progress",
    "accept_author",
    "add_feed",
    "due_feeds",
    "ensure_default_feeds",
    "identify_anew",
    "load_csaf",
    "load_cve",
    "load_epss",
    "load_folder",
    "load_kev",
    "load_lifecycle",
    "load_osv",
    "load_vex",
    "set_feed_enabled",
    "sync_feed",
]
