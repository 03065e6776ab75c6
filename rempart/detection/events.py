"""What this slice publishes."""

RULES_CHANGED = "detection.rules_changed"  # {"rules": numbers (empty: too many to name), "release": number}
HUNT_MOVED = "detection.hunt_moved"  # {"body_id", "hunt_id", "run_id", "state"}
