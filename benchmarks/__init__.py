"""Our figures beside the peer's or the limit, in one run. See README.md for the latest table."""
