"""Structured logs on standard error, one JSON object a line, without personal data."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

import structlog

# Keys whose values could identify a person or open a door; they never reach a log line, at any depth.
_WITHHELD = frozenset(
    {"email", "password", "token", "secret", "authorization", "cookie", "address", "name", "phone", "code"}
)
_MASK = "[withheld]"
# What a message or a traceback may carry: addresses, API tokens, webhook keys, signed links, session cookies.
_PERSONAL = re.compile(
    r"[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
    r"|\b(?:rmp_|whsec_)[\w+/=-]{8,200}"
    r"|\b[\w-]{12,600}:[\w-]{5,8}:[\w-]{27,86}"
    r"|(?i:\bbearer\s{1,4}\S{8,4000})",
    re.ASCII,
)


def _withhold(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {key: _clean(key, value) for key, value in event.items()}


def _opens(key: str) -> bool:
    return key in _WITHHELD or key.endswith(("_email", "_token", "_secret", "_password"))


def _clean(key: str, value: Any, depth: int = 0) -> Any:
    if _opens(key.lower()):
        return _MASK
    if key.startswith("_") or depth > 4:  # structlog's own
        return value
    if isinstance(value, str):
        return _PERSONAL.sub(_MASK, value)
    if isinstance(value, Mapping):
        return {each: _clean(str(each), inner, depth + 1) for each, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", inner, depth + 1) for inner in value]
    return value


def processors(form: str) -> list[structlog.typing.Processor]:
    """What every line goes through, ``form`` being json or text; tracebacks are cleaned as well."""
    final: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer()
    )
    return [structlog.processors.format_exc_info, _withhold, final]


def configure(options: dict[str, str]) -> None:
    """Called by Django with ``settings.LOGGING`` (keys: level, format = json | text)."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *processors(options["format"]),
            ],
        )
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(options["level"])
    for noisy in ("httpx", "httpcore", "uvicorn.access", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
