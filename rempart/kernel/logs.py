"""Structured logs on standard error, one JSON object a line, without personal data."""

from __future__ import annotations

import logging
from typing import Any

import structlog

# Keys whose values could identify a person or open a door; they never reach a log line.
_WITHHELD = frozenset({"email", "password", "token", "secret", "authorization", "cookie", "address", "name"})


def _withhold(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for key in _WITHHELD & event.keys():
        event[key] = "[withheld]"
    return event


def configure(options: dict[str, str]) -> None:
    """Called by Django with ``settings.LOGGING`` (keys: level, format = json | text)."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _withhold,
    ]
    final: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if options["format"] == "json" else structlog.dev.ConsoleRenderer()
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                final,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(options["level"])
    for noisy in ("httpx", "httpcore", "uvicorn.access", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
