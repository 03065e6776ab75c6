"""Pieces of order-preserving keys: comparing the bytes compares the values.

A key is a sequence of self-delimiting pieces, so that keys compare piece by piece whatever their
length. Nothing here ever emits 0xFF as the first byte of a piece: ``AFTER_ALL`` sorts after any.
"""

from __future__ import annotations

AFTER_ALL = b"\xff"
MAX_LENGTH = 256  # longest version text read; a longer one is not a version


def number(digits: str) -> bytes:
    """ASCII digits of any length up to ``MAX_LENGTH`` → one length byte, then big-endian bytes."""
    return _SHORT.get(digits) or _number(int(digits or "0"))


def _number(value: int) -> bytes:
    body = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return bytes((len(body),)) + body


_SHORT = {str(value): _number(value) for value in range(10_000)}


def word(text: str) -> bytes:
    """Text without NUL → its UTF-8 bytes and a terminator that sorts before any character."""
    return text.encode() + b"\x00"


def without_zeros(pieces: list[bytes], mark: bytes) -> list[bytes]:
    """The pieces less the zeros at the end and before what is no number; numbers start with ``mark``."""
    zero = mark + number("0")
    kept: list[bytes] = []
    at_boundary = True
    for piece in reversed(pieces):
        if at_boundary and piece == zero:
            continue
        kept.append(piece)
        at_boundary = piece[:1] != mark
    kept.reverse()
    return kept
