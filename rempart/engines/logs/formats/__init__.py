"""One module for each family of formats; each gives events from a ``Source``."""
