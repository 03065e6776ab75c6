"""The pages of organisations, people and accounts, as those who may and may not open them."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Role
from rempart.organisations import commands
from rempart.organisations.models import Duty, DutyTitle, OnCallPeriod, Organisation, Person
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def body():
    made = factories.organisation()
    factories.officer(made)
    return made


def _client(role, place):
    client = Client()
    client.force_login(factories.user(role, place))
    return client


@pytest.fixture
def commander(body):
    return _client(Role.CGCD_COMMANDER, body.parent.parent.parent)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_each_page_opens_in_both_languages(commander, body, language):
    commander.cookies["rempart_language"] = language
    person = Person.objects.get(body=body)
    plain = (
        "organisation_list",
        "organisation_new",
        "organisation_import",
        "duty_titles",
        "person_list",
        "my_channels",
    )
    of_body = (
        "organisation",
        "organisation_edit",
        "organisation_move",
        "organisation_close",
        "person_new",
        "duty_new",
        "on_call_new",
        "channel_new",
    )
    addresses = [
        reverse("person", args=[person.pk]),
        *(reverse(name) for name in plain),
        *(reverse(name, args=[body.code]) for name in of_body),
    ]
    for address in addresses:
        assert commander.get(address).status_code == 200, address


def test_the_list_shows_and_exports_only_what_one_may_see(body):
    other = factories.organisation("body")
    client = _client(Role.BODY_OFFICER, body)
    page = client.get(reverse("organisation_list")).content.decode()
    assert body.code in page
    assert other.code not in page
    exported = b"".join(
        client.get(reverse("organisation_list"), {"format": "csv"}).streaming_content
    ).decode()
    assert body.code in exported
    assert other.code not in exported
    assert client.get(reverse("organisation_list"), {"format": "xlsx"}).status_code == 200
    assert client.get(reverse("organisation", args=[other.code])).status_code == 404
    assert client.get(reverse("organisation_edit", args=[body.code])).status_code == 403


def test_forms_do_what_they_say(commander, body):
    commander.post(reverse("organisation_edit", args=[body.code]), {"name_fr": "Nouveau", "sector": "santé"})
    body.refresh_from_db()
    assert (body.name_fr, body.sector) == ("Nouveau", "santé")
    person = {"name": "Zoé", "email": "zoe@exemple.test", "language": "en"}
    commander.post(reverse("person_new", args=[body.code]), person)
    zoe = Person.objects.get(email="zoe@exemple.test")
    DutyTitle.objects.create(code="csio", name_fr="CSIO", name_en="CISO", receives_alerts=True)
    commander.post(reverse("duty_new", args=[body.code]), {"person_id": zoe.pk, "title_code": "csio"})
    assert Duty.objects.filter(person=zoe, title__code="csio").exists()
    period = {"person_id": zoe.pk, "starts_at": "2026-03-01T08:00", "ends_at": "2026-03-08T08:00"}
    for expected in (302, 200):  # the second overlaps the first and is shown again with its error
        answer = commander.post(reverse("on_call_new", args=[body.code]), period)
        assert answer.status_code == expected
    assert OnCallPeriod.objects.count() == 1


def test_an_officer_manages_the_contacts_of_their_own_body_alone(body):
    other = factories.organisation("body")
    stranger = factories.officer(other)
    own = Person.objects.get(body=body)
    client = _client(Role.BODY_OFFICER, body)
    hours = {"starts_at": "2026-03-01T08:00", "ends_at": "2026-03-08T08:00"}
    channel = {"medium": "email", "address": "garde@exemple.test", "immediate_from": "act_now"}
    assert reverse("on_call_new", args=[body.code]) in client.get(f"/organisations/{body.code}/").text
    for place, person, on_call, reached in (
        (body, own, 302, 302),
        (body, stranger, 200, 200),  # one's own body cannot be given someone of another
        (other, stranger, 404, 404),
    ):
        answer = client.post(reverse("on_call_new", args=[place.code]), {**hours, "person_id": person.pk})
        assert answer.status_code == on_call
        answer = client.post(reverse("channel_new", args=[place.code]), channel)
        assert answer.status_code == reached
    period = OnCallPeriod.objects.get()
    assert (period.body, period.person) == (body, own)
    elsewhere = OnCallPeriod.objects.create(
        body=other, person=stranger, starts_at=period.starts_at, ends_at=period.ends_at
    )
    # On PostgreSQL the second wall hides the row before the right is asked.
    assert client.post(reverse("on_call_remove", args=[other.code, elsewhere.pk])).status_code in {403, 404}
    assert client.post(reverse("duty_end", args=[body.code, own.duties.get().pk])).status_code == 302
    assert client.post(reverse("on_call_remove", args=[body.code, period.pk])).status_code == 302
    assert OnCallPeriod.objects.get() == elsewhere
    # Who works there, and what the organisation is, stay the command's.
    for name in ("person_new", "organisation_edit", "organisation_close"):
        assert client.get(reverse(name, args=[body.code])).status_code == 403


def test_nobody_is_given_a_duty_with_a_stranger(body):
    stranger = factories.officer(factories.organisation("body"))
    officer = factories.actor(Role.BODY_OFFICER, body)
    title = DutyTitle.objects.create(code="csio", name_fr="CSIO", name_en="CISO", receives_alerts=True)
    own = Person.objects.get(body=body)
    for person, deputy in ((stranger, None), (own, stranger)):
        with pytest.raises(NotFound):
            commands.give_duty(
                officer, person_id=person.pk, deputy_id=deputy and deputy.pk, title_code=title.code
            )
    commands.give_duty(officer, person_id=own.pk, title_code=title.code)
    assert Duty.objects.filter(title=title).count() == 1


def test_an_import_is_previewed_then_applied(commander, body, settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path
    text = f"code,kind,parent,name_fr\nop-neuf,body,{body.parent.code},Organisme neuf\n"
    file = SimpleUploadedFile("arbre.csv", text.encode())
    page = commander.post(reverse("organisation_import"), {"file": file})
    assert not Organisation.objects.filter(code="op-neuf").exists()
    token = page.context["token"]
    stranger = _client(Role.CGCD_COMMANDER, body.parent.parent.parent)
    assert stranger.post(reverse("organisation_import_apply"), {"token": token}).status_code == 422
    assert commander.post(reverse("organisation_import_apply"), {"token": token}).status_code == 302
    assert Organisation.objects.filter(code="op-neuf").exists()


def test_accounts_are_the_administrator_s(body):
    root = body.parent.parent.parent
    admin = _client(Role.ADMINISTRATOR, root)
    user = factories.user(Role.BODY_OFFICER, body)
    for name, arguments in (("user_list", []), ("user_new", []), ("role_matrix", []), ("user", [user.pk])):
        assert admin.get(reverse(name, args=arguments)).status_code == 200, name
        assert _client(Role.CGCD_COMMANDER, root).get(reverse(name, args=arguments)).status_code == 403, name
    admin.post(reverse("user", args=[user.pk]), {"role": "auditor", "organisation_code": body.code})
    assert user.role_grants.filter(role="auditor").exists()
    admin.post(reverse("user_action", args=[user.pk, "deactivate"]), {"reason": "départ"})
    user.refresh_from_db()
    assert not user.is_active
