"""Whole numbers that pages are given as texts."""

from __future__ import annotations

from django.utils.translation import gettext as _

from rempart.kernel.errors import Invalid


def number_of(text: str, *, digits: int = 14) -> int | None:
    """The number of a row, or another; None when the text is none, or is longer than any that is used."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else None


def stated_number(text: str, field: str, *, digits: int) -> int:
    """The number that a form's field must hold. Raises Invalid naming the field."""
    number = number_of(text, digits=digits)
    if number is None:
        raise Invalid(_("Donnez un nombre entier."), field=field)
    return number
