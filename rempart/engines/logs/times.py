"""Times of many logs in one form: RFC 3339, UTC. A time without a zone is taken as UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

_ISO: Final = re.compile(
    r"\s*(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?(?:[.,](\d{1,9})\d*)?"
    r"\s*(Z|z|UTC|GMT|[+-]\d\d:?\d\d)?(?: UTC)?\s*\Z"
)
_ACCESS: Final = re.compile(
    r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?: ([+-]\d{4}))?\Z"
)
_SHORT: Final = re.compile(r"([A-Z][a-z]{2}) +(\d{1,2})(?: (\d{4}))? (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?\Z")
_NUMBER: Final = re.compile(r"\d{8,20}(?:\.\d{1,12})?\Z")
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], start=1
    )
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FILETIME: Final = datetime(1601, 1, 1, tzinfo=UTC)


def rfc3339(value: Any) -> str | None:
    """The time in RFC 3339, UTC, with the fraction it came with; None when it cannot be read.

    Takes ISO 8601, access logs' form, ``Jan  2 2026 03:04:05``, and numbers since 1970 in seconds, milli-,
    micro- or nanoseconds or since 1601 in 100 ns (by their size: 1990 to 2100).
    """
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, datetime):
        return _written(value if value.tzinfo else value.replace(tzinfo=UTC), "")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(value)
    return None


def with_year(text: str, now: datetime | None) -> str | None:
    """``Jan  2 03:04:05`` with the year that puts it nearest before ``now`` (a day of slack), else None."""
    found = _SHORT.match(text)
    if not found or not now or found[3]:
        return text if found and found[3] else None
    for year in (now.year + 1, now.year, now.year - 1, now.year - 2, now.year - 3, now.year - 4):
        month = _MONTHS.get(found[1])
        moment = month and _moment(year, month, *(int(found[place]) for place in (2, 4, 5, 6)))
        if moment and moment <= now + timedelta(days=1):
            fraction = f".{found[7]}" if found[7] else ""
            return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"
    return None


def _from_text(text: str) -> str | None:
    found = _ISO.match(text)
    if found:
        year, month, day, hour, minute, second, fraction, zone = found.groups()
        moment = _moment(int(year), int(month), int(day), int(hour), int(minute), int(second or 0))
        return _shifted(moment, zone, fraction or "")
    found = _ACCESS.match(text)
    if found:
        day, name, year, hour, minute, second, zone = found.groups()
        moment = _moment(int(year), _MONTHS.get(name, 0), int(day), int(hour), int(minute), int(second))
        return _shifted(moment, zone, "")
    found = _SHORT.match(text)
    if found and found[3]:
        moment = _moment(
            int(found[3]), _MONTHS.get(found[1], 0), *(int(found[place]) for place in (2, 4, 5, 6))
        )
        return _shifted(moment, None, found[7] or "")
    if _NUMBER.match(text):
        return _from_number(float(text) if "." in text else int(text))
    return None


def _moment(year: int, month: int, day: int, hour: int, minute: int, second: int) -> datetime | None:
    try:
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)  # a leap second is 60
    except ValueError:
        return None


def _shifted(moment: datetime | None, zone: str | None, fraction: str) -> str | None:
    if moment and zone and zone[0] in "+-":
        minutes = int(zone[1:3]) * 60 + int(zone[-2:])
        try:
            moment -= timedelta(minutes=minutes if zone[0] == "+" else -minutes)
        except OverflowError:
            return None
    return _written(moment, fraction) if moment else None


def _from_number(number: float) -> str | None:
    try:
        if 6.3e8 <= number < 4.2e9:
            moment = _EPOCH + timedelta(seconds=number)
        elif 6.3e11 <= number < 4.2e12:
            moment = _EPOCH + timedelta(milliseconds=number)
        elif 6.3e14 <= number < 4.2e15:
            moment = _EPOCH + timedelta(microseconds=number)
        elif 1.22e17 <= number < 1.58e17:
            moment = _FILETIME + timedelta(microseconds=number // 10)
        elif 6.3e17 <= number < 4.2e18:
            moment = _EPOCH + timedelta(microseconds=number // 1000)
        else:
            return None
    except (OverflowError, ValueError):
        return None
    return _written(moment, "")


def _written(moment: datetime, fraction: str) -> str:
    moment = moment.astimezone(UTC)
    if not fraction and moment.microsecond:
        fraction = f"{moment.microsecond:06d}".rstrip("0")
    head = moment.isoformat()[:19]
    return f"{head}.{fraction}Z" if fraction else f"{head}Z"
