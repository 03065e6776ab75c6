"""What forms share: a command's refusal beside its field, and a day as browsers take one."""

from __future__ import annotations

from typing import Any

from django import forms

from rempart.kernel.errors import DomainError


def show_refusal(form: forms.Form, error: DomainError) -> None:
    """Shows what a command refused, beside the field that it names."""
    form.add_error(error.field if error.field in form.fields else None, str(error.message))


class DayInput(forms.DateInput):
    """A day, written as HTML wants it in every language; browsers show it as their reader does."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")
