"""What this slice publishes."""

RULES_CHANGED = "detection.rules_changed"  # {"rules": numbers (empty: too many to name), "release": number}
