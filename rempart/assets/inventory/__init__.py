"""Inventories on their way in: read into a statement, staged beside the tables, compared, merged."""
