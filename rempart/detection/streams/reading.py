"""Messages → events. One that is one line of JSON, as most are, is read with its neighbours."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from rempart.detection.streams.model import Message
from rempart.engines import logs

_ONE_LINE = ("", "json", "jsonl")


def events_of(
    messages: Sequence[Message], form: str, problems: Callable[[logs.Problem], None]
) -> Iterator[logs.Event]:
    """The events of messages, in order, each made as it is asked for.

    An event alone in its message stands in its stream (``nats:EVENTS``) at the message's sequence. A message
    may hold any log, compressed or not: it is then the source (``nats:EVENTS/1234``), counted from 0.
    """
    lines: list[Message] = []
    for message in messages:
        if form in _ONE_LINE and _is_a_line(message.data):
            lines.append(message)
            continue
        yield from _of_lines(lines, problems)
        lines = []
        yield from logs.read(
            io.BytesIO(message.data),
            problems=problems,
            name=message.source,
            form=form,
            now=datetime.now(UTC),
        )
    yield from _of_lines(lines, problems)


def _is_a_line(data: bytes) -> bool:
    """An object of JSON on one line: what lies between its braces is the reader's to judge."""
    return data[:1] == b"{" and (b"\n" not in data or b"\n" not in data.strip())


def _of_lines(messages: Sequence[Message], problems: Callable[[logs.Problem], None]) -> Iterator[logs.Event]:
    if not messages:
        return

    def told(problem: logs.Problem) -> None:
        at = problem.record if problem.record is not None else problem.line and problem.line - 1
        known = at is not None and 0 <= at < len(messages)
        problems(logs.Problem(messages[at].source if known else problem.source, problem.reason))  # type: ignore[index]

    together = io.BytesIO(b"\n".join(message.data.strip() for message in messages))
    for event in logs.read(together, problems=told, name=messages[0].stream, form="jsonl"):
        message = messages[event.index]
        event.source, event.index = message.stream, message.sequence
        yield event
