"""The matcher anyone can use: inventories beside published records, with no database and no settings."""
