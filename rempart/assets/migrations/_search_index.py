"""The indexes that make search as you type fast over a million assets: trigrams on both databases.

SQLite: an FTS5 trigram index of the folded text, kept by triggers. A migration that rebuilds one of these
tables on SQLite drops its triggers: it must call ``create`` again. PostgreSQL: pg_trgm, or an index of
prefixes where the extension may not be created.
"""

from typing import Any

from django.db import DatabaseError, transaction

TABLES = ("assets_asset", "assets_component")


def create(apps: Any, schema_editor: Any) -> None:
    connection = schema_editor.connection
    if connection.vendor == "sqlite":
        for table in TABLES:
            for statement in _sqlite(table):
                schema_editor.execute(statement)
        return
    if connection.vendor != "postgresql":
        return
    try:
        with transaction.atomic(using=connection.alias):
            schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        indexed = "USING gin (search_text gin_trgm_ops)"
    except DatabaseError:
        indexed = "(left(search_text, 100) text_pattern_ops)"
    for table in TABLES:
        schema_editor.execute(f"CREATE INDEX IF NOT EXISTS {table}_search ON {table} {indexed}")


def remove(apps: Any, schema_editor: Any) -> None:
    for table in TABLES:
        if schema_editor.connection.vendor == "sqlite":
            for moment in ("insert", "delete", "update"):
                schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_search_{moment}")
            schema_editor.execute(f"DROP TABLE IF EXISTS {table}_search")
        else:
            schema_editor.execute(f"DROP INDEX IF EXISTS {table}_search")


def _sqlite(table: str) -> list[str]:
    index = f"{table}_search"
    forget = f"INSERT INTO {index} ({index}, rowid, search_text) VALUES ('delete', old.id, old.search_text);"
    learn = f"INSERT INTO {index} (rowid, search_text) VALUES (new.id, new.search_text);"
    return [
        f"CREATE VIRTUAL TABLE IF NOT EXISTS {index} USING fts5"
        f"(search_text, content='{table}', content_rowid='id', tokenize='trigram')",
        f"CREATE TRIGGER IF NOT EXISTS {index}_insert AFTER INSERT ON {table} BEGIN {learn} END",
        f"CREATE TRIGGER IF NOT EXISTS {index}_delete AFTER DELETE ON {table} BEGIN {forget} END",
        f"CREATE TRIGGER IF NOT EXISTS {index}_update AFTER UPDATE OF search_text ON {table} "
        f"WHEN old.search_text <> new.search_text BEGIN {forget} {learn} END",
        f"INSERT INTO {index} ({index}) VALUES ('rebuild')",
    ]
