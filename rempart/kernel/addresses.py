"""Addresses of pages, remembered: a list asks for hundreds, mostly those of a moment ago."""

from __future__ import annotations

from functools import lru_cache

from django.urls import get_script_prefix, reverse


def address(name: str, *arguments: object, **named: object) -> str:
    """The address of a page by its name. Raises NoReverseMatch for an unknown one, as Django's own."""
    keywords = tuple((key, str(value)) for key, value in named.items())
    return _address(name, tuple(map(str, arguments)), keywords, get_script_prefix())


@lru_cache(maxsize=20_000)
def _address(
    name: str, arguments: tuple[str, ...], named: tuple[tuple[str, str], ...], script_prefix: str
) -> str:
    return reverse(name, args=arguments or None, kwargs=dict(named) or None)
