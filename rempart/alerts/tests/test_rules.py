"""The rules of alert: seen before they are saved, applied to what is known, and changed by who may."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from rempart.alerts import commands
from rempart.alerts.models import AlertRule, Directive
from rempart.kernel.actors import NotPermitted, system
from rempart.kernel.errors import Invalid, NotFound
from rempart.kernel.models import AuditEntry, User
from rempart.kernel.permissions import Role
from rempart.kernel.worker import Worker
from tests import factories

RULE = commands.RuleTerms("Tout ce qui est planifié", "Whatever is scheduled", minimum_priority="scheduled")


def settle() -> None:
    Worker().drain()


def signed_in(user: User | None) -> Client:
    assert user is not None
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_a_new_rule_issues_exactly_what_its_preview_said(world) -> None:
    bodies = [world.body(), world.body()]
    for body in bodies:
        world.expose(body, urgent=False)
    assert not Directive.objects.exists()
    analyst = world.analyst()
    seen = commands.preview_rule(analyst, terms=RULE)
    assert (seen.directives, seen.bodies) == (1, 2)
    assert seen.vulnerabilities == [world.vulnerability.cve_id]
    assert not Directive.objects.exists()
    rule = commands.save_rule(analyst, terms=RULE, reason="Consigne du conseil")
    settle()
    issued = Directive.objects.get()
    assert issued.issued_by_rule == rule
    assert set(issued.targets.values_list("body_id", flat=True)) == {body.pk for body in bodies}
    entry = AuditEntry.objects.get(action="alert_rule.save")
    assert (entry.reason, entry.before, entry.after["minimum_priority"]) == (
        "Consigne du conseil", None, "scheduled",
    )  # fmt: skip
    assert commands.preview_rule(analyst, terms=RULE).directives == 0
    commands.save_rule(analyst, terms=RULE, rule_id=rule.pk)
    settle()
    assert Directive.objects.count() == 1
    assert AuditEntry.objects.filter(action="alert_rule.save").count() == 1


def test_a_rule_put_out_of_force_issues_nothing(world) -> None:
    rule = AlertRule.objects.get()
    names = commands.RuleTerms.__dataclass_fields__
    terms = {**{name: getattr(rule, name) for name in names}, "enabled": False}
    off = commands.RuleTerms(**terms)
    commands.save_rule(world.analyst(), terms=off, rule_id=rule.pk)
    world.expose(world.body())
    settle()
    assert not Directive.objects.exists()
    assert commands.preview_rule(world.analyst(), terms=off).directives == 0


def test_what_is_not_in_the_catalogue_or_too_old_there_is_not_caught(worlds) -> None:
    world = worlds(kev_added_on=timezone.localdate().replace(year=2020))
    world.expose(world.body(), urgent=False)
    recent = commands.RuleTerms("a", "b", minimum_priority="scheduled", kev_added_within_days=30)
    assert commands.preview_rule(world.analyst(), terms=recent).directives == 0
    type(world.vulnerability).objects.update(kev_added_on=None)
    assert commands.preview_rule(world.analyst(), terms=RULE).directives == 0
    anything = commands.RuleTerms("a", "b", minimum_priority="scheduled", kev_only=False)
    assert commands.preview_rule(world.analyst(), terms=anything).directives == 1


def test_what_a_person_cancelled_stays_so(world) -> None:
    world.expose(world.body())
    settle()
    commands.cancel_directive(world.analyst(), directive_id=world.directive().pk, reason="Erreur")
    assert commands.preview_rule(world.analyst(), terms=RULE).directives == 0
    commands.save_rule(world.analyst(), terms=RULE)
    settle()
    assert Directive.objects.count() == 1


def test_only_who_issues_for_everyone_changes_rules(world) -> None:
    for actor in (world.centre_analyst(), world.officer_of(world.body())):
        with pytest.raises(NotPermitted):
            commands.save_rule(actor, terms=RULE)
        with pytest.raises(NotPermitted):
            commands.preview_rule(actor, terms=RULE)
    assert AlertRule.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name_fr": " "}, "name_fr"),
        ({"name_en": "x" * 201}, "name_en"),
        ({"minimum_priority": "defer"}, "minimum_priority"),
        ({"marking": "SECRET"}, "marking"),
        ({"kev_added_within_days": -1}, "kev_added_within_days"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_by_its_field(world, wrong, field) -> None:
    with pytest.raises(Invalid) as refused:
        commands.save_rule(
            system("test"), terms=commands.RuleTerms(**{"name_fr": "a", "name_en": "b", **wrong})
        )
    assert refused.value.field == field
    with pytest.raises(NotFound):
        commands.save_rule(system("test"), terms=RULE, rule_id=10**6)


def test_the_page_shows_what_would_leave_then_saves(world) -> None:
    world.expose(world.body(), urgent=False)
    client = signed_in(factories.user(Role.CGCD_ANALYST, world.command.parent))
    form = {
        "name_fr": "Planifié <b>", "name_en": "Scheduled", "enabled": "on", "kev_only": "on",
        "minimum_priority": "scheduled", "kev_added_within_days": "", "marking": "TLP:GREEN",
        "reason": "Essai",
    }  # fmt: skip
    seen = client.post("/directives/rules/new/", {**form, "step": "preview"}).content.decode()
    assert "1 directive partirait aussitôt" in seen
    assert AlertRule.objects.count() == 1
    assert client.post("/directives/rules/new/", {**form, "step": "save"}).status_code == 302
    settle()
    assert Directive.objects.get().marking == "TLP:GREEN"
    listed = client.get("/directives/rules/").content.decode()
    assert "Planifié &lt;b&gt;" in listed
    rule = AlertRule.objects.latest("id")
    wrong = client.post(f"/directives/rules/{rule.pk}/", {**form, "name_en": "", "step": "save"})
    assert wrong.status_code == 422
    assert (
        client.post(f"/directives/rules/{rule.pk}/", {**form, "enabled": "", "step": "save"}).status_code
        == 302
    )
    assert not AlertRule.objects.get(pk=rule.pk).enabled


def test_the_api_tries_unless_told_to_save(world) -> None:
    world.expose(world.body(), urgent=False)
    client = signed_in(factories.user(Role.CGCD_ANALYST, world.command.parent))
    terms = {"name_fr": "a", "name_en": "b", "minimum_priority": "scheduled"}
    tried = client.post("/api/v1/alerts/rules", terms, content_type="application/json").json()
    assert (tried["directives"], tried["rule"], AlertRule.objects.count()) == (1, None, 1)
    saved = client.post("/api/v1/alerts/rules", {**terms, "dry_run": False}, content_type="application/json")
    made = saved.json()["rule"]
    assert [each["id"] for each in client.get("/api/v1/alerts/rules").json()][-1] == made["id"]
    off = {**terms, "enabled": False, "dry_run": False}
    address = f"/api/v1/alerts/rules/{made['id']}"
    assert client.put(address, off, content_type="application/json").json()["rule"]["enabled"] is False
    assert client.put(f"{address}9999", off, content_type="application/json").status_code == 404


def test_a_number_that_is_no_rules_is_not_found(world) -> None:
    client = signed_in(factories.user(Role.CGCD_ANALYST, world.command.parent))
    terms = {"name_fr": "Règle", "name_en": "Rule"}
    for number in (987_654, 10**30):
        assert client.get(f"/directives/rules/{number}/").status_code == 404
        asked = client.put(f"/api/v1/alerts/rules/{number}", terms, content_type="application/json")
        assert asked.status_code == 404
