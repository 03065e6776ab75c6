"""What the slice tells the others."""

CHANGED = "alerts.changed"  # {directive_id, target_ids, what}; aggregate "directive:<id>"
