"""Changing the organisations' tree, the people in it, how to reach them, and the accounts."""

from __future__ import annotations

from rempart.organisations.commands.channels import (
    add_channel,
    confirm_channel,
    confirm_link,
    mark_bounced,
    mark_reached,
    remove_channel,
    request_verification,
    set_preferences,
)
from rempart.organisations.commands.imports import ImportPlan, apply_tree, plan_tree
from rempart.organisations.commands.office import hold_office, save_office
from rempart.organisations.commands.people import (
    add_on_call,
    add_person,
    edit_person,
    end_duty,
    give_duty,
    remove_on_call,
    save_duty_title,
    set_deputy,
)
from rempart.organisations.commands.staff import StaffPlan, apply_people, plan_people
from rempart.organisations.commands.tree import (
    close_organisation,
    create_organisation,
    edit_organisation,
    move_organisation,
)
from rempart.organisations.commands.users import (
    create_user,
    grant_role,
    invite_user,
    reset_mfa,
    revoke_role,
    set_active,
)

__all__ = [
    "ImportPlan",
    "StaffPlan",
    "add_channel",
    "add_on_call",
    "add_person",
    "apply_people",
    "apply_tree",
    "close_organisation",
    "confirm_channel",
    "confirm_link",
    "create_organisation",
    "create_user",
    "edit_organisation",
    "edit_person",
    "end_duty",
    "give_duty",
    "grant_role",
    "hold_office",
    "invite_user",
    "mark_bounced",
    "mark_reached",
    "move_organisation",
    "plan_people",
    "plan_tree",
    "remove_channel",
    "remove_on_call",
    "request_verification",
    "reset_mfa",
    "revoke_role",
    "save_duty_title",
    "save_office",
    "set_active",
    "set_deputy",
    "set_preferences",
]
