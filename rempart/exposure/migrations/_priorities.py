"""The table of priorities and the deadlines a government starts with."""

from typing import Any

from rempart.engines.priority import DEFAULT_DEADLINES, DEFAULT_TABLE


def seed(apps: Any, schema_editor: Any) -> None:
    rule = apps.get_model("exposure", "PriorityRule")
    deadline = apps.get_model("exposure", "PriorityDeadline")
    rule.objects.bulk_create(rule(**row) for row in DEFAULT_TABLE.to_rows())
    deadline.objects.bulk_create(deadline(**row) for row in DEFAULT_DEADLINES.to_rows())
