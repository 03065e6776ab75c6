"""What was compiled, kept on disk by the digest of what it was made from.

Only classes of this engine can come out of a file, and only from a file whose own digest is right: a file
that is cut, older or touched is as good as absent. Writing goes through a temporary file, so that a reader
never sees half of one.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import pickle
import tempfile
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

_FORMAT: Final = b"rempart-sigma-6\n"
_DIGEST: Final = 32
_MODULES: Final = frozenset({"rempart.engines.sigma.model", "rempart.engines.sigma.tree"})
_BYTES: Final = 512 * 1024**2

T = TypeVar("T")


class _Pickler(pickle.Pickler):
    """Plain data of the engine is kept as what its classes are called with, which is read back soonest."""

    def reducer_override(self, value: Any) -> Any:
        kind = type(value)
        if kind.__module__ not in _MODULES or not is_dataclass(kind):
            return NotImplemented
        return kind, tuple(getattr(value, each.name) for each in fields(kind))


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("builtins", "frozenset"):
            return frozenset
        if module in _MODULES and "." not in name:
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} does not belong in this file")


def read(folder: Path, kind: str, key: str, expected: type[T]) -> T | None:
    """What ``write`` kept under this kind and key, or None."""
    path = folder / f"{kind}-{key}.bin"
    try:
        if path.stat().st_size > _BYTES:
            return None
        raw = path.read_bytes()
    except OSError:
        return None
    head = len(_FORMAT) + _DIGEST
    body = raw[head:]
    if (
        raw[: len(_FORMAT)] != _FORMAT
        or hashlib.blake2b(body, digest_size=_DIGEST).digest() != raw[len(_FORMAT) : head]
    ):
        return None
    try:
        value = _Unpickler(io.BytesIO(body)).load()
    except (pickle.UnpicklingError, AttributeError, ImportError, EOFError, IndexError, TypeError, ValueError):
        return None
    return value if isinstance(value, expected) else None


def write(folder: Path, kind: str, key: str, value: object) -> None:
    """Keep ``value``; a folder that cannot be written to is left alone, as the cache is only a comfort."""
    made = io.BytesIO()
    _Pickler(made, pickle.HIGHEST_PROTOCOL).dump(value)
    body = made.getvalue()
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=f".{kind}-")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(_FORMAT + hashlib.blake2b(body, digest_size=_DIGEST).digest() + body)
            Path(name).replace(folder / f"{kind}-{key}.bin")
        except OSError:
            Path(name).unlink(missing_ok=True)
