"""Which installed software is affected by which published vulnerability, and why."""
