"""Every read of the alerts slice."""

from rempart.alerts.queries.board import (
    DirectiveProgress,
    RecentEvent,
    SentenceCounts,
    directive_progress,
    recent_events,
    sentence_counts,
    waiting,
)
from rempart.alerts.queries.deliveries import deliveries, get_delivery, silent_channels, troubled
from rempart.alerts.queries.directives import (
    centres,
    directive_lines,
    directives,
    get_directive,
    get_target,
    of_vulnerability,
    search,
    target_lines,
    targets,
)
from rempart.alerts.queries.ladder import default_dues, escalation
from rempart.alerts.queries.measures import Timing, declared_unproved, kev_on_time, timings
from rempart.alerts.queries.rules import directives_by_rule, get_rule, rules
from rempart.alerts.queries.timelines import Line, timeline_of_directive, timeline_of_target

__all__ = [
    "DirectiveProgress",
    "Line",
    "RecentEvent",
    "SentenceCounts",
    "Timing",
    "centres",
    "declared_unproved",
    "default_dues",
    "deliveries",
    "directive_lines",
    "directive_progress",
    "directives",
    "directives_by_rule",
    "escalation",
    "get_delivery",
    "get_directive",
    "get_rule",
    "get_target",
    "kev_on_time",
    "of_vulnerability",
    "recent_events",
    "rules",
    "search",
    "sentence_counts",
    "silent_channels",
    "target_lines",
    "targets",
    "timeline_of_directive",
    "timeline_of_target",
    "timings",
    "troubled",
    "waiting",
]
