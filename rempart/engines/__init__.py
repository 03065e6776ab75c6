"""Pure functions over plain data: no Django, database, network or wall clock."""
