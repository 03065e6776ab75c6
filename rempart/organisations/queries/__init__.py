"""Reading the organisations' tree, the people in it, how to reach them, and the accounts."""

from __future__ import annotations

from rempart.organisations.office import ClosedDay, Office, office_in_force, office_of
from rempart.organisations.queries.answering import (
    DigestPerson,
    answers_for,
    branch_filter,
    channel,
    digest_people,
    places_of,
)
from rempart.organisations.queries.choosing import PlaceChoices, choices
from rempart.organisations.queries.people import (
    channels_of,
    duties,
    duty_titles,
    get_channel,
    get_person,
    on_call,
    people,
    person_of,
)
from rempart.organisations.queries.recipients import RUNGS, ChannelInfo, Recipient, recipients
from rempart.organisations.queries.tree import (
    Place,
    bodies,
    branch_scopes,
    children,
    get_organisation,
    history,
    organisations,
    place_of,
    portfolio_of,
    within,
)
from rempart.organisations.queries.users import (
    get_user,
    grants_of,
    holding,
    role_matrix,
    roles_by_user,
    users,
)

__all__ = [
    "RUNGS",
    "ChannelInfo",
    "ClosedDay",
    "DigestPerson",
    "Office",
    "Place",
    "PlaceChoices",
    "Recipient",
    "answers_for",
    "bodies",
    "branch_filter",
    "branch_scopes",
    "channel",
    "channels_of",
    "children",
    "choices",
    "digest_people",
    "duties",
    "duty_titles",
    "get_channel",
    "get_organisation",
    "get_person",
    "get_user",
    "grants_of",
    "history",
    "holding",
    "office_in_force",
    "office_of",
    "on_call",
    "organisations",
    "people",
    "person_of",
    "place_of",
    "places_of",
    "portfolio_of",
    "recipients",
    "role_matrix",
    "roles_by_user",
    "users",
    "within",
]
