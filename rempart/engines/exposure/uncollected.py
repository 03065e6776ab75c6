"""Work that makes objects by the million and no cycle among them."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def uncollected(function: Callable[P, R]) -> Callable[P, R]:
    """The same function with the collector of cycles at rest.

    Each of its passes would go through everything that is kept, again and again as it grows: a third of
    the time of a match. References alone free what such a function makes.
    """

    @wraps(function)
    def quiet(*args: P.args, **named: P.kwargs) -> R:
        if not gc.isenabled():
            return function(*args, **named)
        gc.disable()
        try:
            return function(*args, **named)
        finally:
            gc.enable()

    return quiet
