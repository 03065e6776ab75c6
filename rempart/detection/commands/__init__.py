"""Every change of the library of rules."""
