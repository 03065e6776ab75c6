"""The tree: created, renamed, moved with its branch, closed, imported; and its history."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rempart.kernel import audit
from rempart.kernel.actors import NotPermitted, system
from rempart.kernel.errors import Conflict, Invalid
from rempart.kernel.models import AuditEntry, OutboxEvent
from rempart.kernel.permissions import Role
from rempart.kernel.time import today
from rempart.organisations import commands, queries
from rempart.organisations.models import Organisation
from tests import factories

pytestmark = pytest.mark.django_db

PLATFORM = system("test")


def _create(code, kind, parent="", **more):
    return commands.create_organisation(
        PLATFORM, code=code, kind=kind, parent_code=parent, name_fr=f"Nom {code}", **more
    )


@pytest.fixture
def tree():
    _create("gouv", "government")
    _create("cgcd", "cgcd", "gouv")
    for code in ("cocd-a", "cocd-b"):
        _create(code, "cocd", "cgcd")
    _create("op", "body", "cocd-a")
    return _create("unite", "unit", "op")


def _paths_hold():
    for place in Organisation.objects.select_related("parent"):
        assert place.path == f"{place.parent.path if place.parent else '/'}{place.pk}/"


def test_a_move_takes_the_branch_along_and_leaves_history(tree):
    commands.move_organisation(PLATFORM, code="op", parent_code="cocd-b")
    _paths_hold()
    new = Organisation.objects.get(code="cocd-b")
    assert tree.pk in queries.branch_scopes([new.pk])[new.pk].bodies
    assert queries.portfolio_of([tree.pk]) == {tree.pk: new.pk}
    assert list(audit.verify()) == []
    assert OutboxEvent.objects.filter(kind="organisations.changed", payload__what="moved").count() == 1


def test_history_says_what_it_was_and_when(tree):
    op = Organisation.objects.get(code="op")
    day = today() - timedelta(days=10)
    op.versions.update(valid_from=day - timedelta(days=100))
    commands.edit_organisation(PLATFORM, code="op", name_fr="Nouveau nom", on=day)
    commands.move_organisation(PLATFORM, code="op", parent_code="cocd-b")
    versions = queries.history(PLATFORM, op)
    assert [(v.name_fr, v.parent.code, v.valid_to) for v in versions] == [
        ("Nouveau nom", "cocd-b", None),
        ("Nouveau nom", "cocd-a", today()),
        ("Nom op", "cocd-a", day),
    ]
    with pytest.raises(Invalid) as refused:
        commands.edit_organisation(PLATFORM, code="op", name_fr="Encore", on=day)
    assert refused.value.field == "on"


def test_loops_second_roots_and_odd_places_are_refused(tree):
    for move in (("op", "unite"), ("op", "op"), ("cocd-a", "op")):
        with pytest.raises(Invalid):
            commands.move_organisation(PLATFORM, code=move[0], parent_code=move[1])
    with pytest.raises(Conflict):
        _create("autre", "government")
    with pytest.raises(Invalid):
        _create("autre", "cocd", "op")
    with pytest.raises(Conflict):
        _create("op", "body", "cocd-b")
    _paths_hold()


def test_what_has_others_below_it_is_not_closed(tree):
    with pytest.raises(Conflict):
        commands.close_organisation(PLATFORM, code="op")
    commands.close_organisation(PLATFORM, code="unite")
    commands.close_organisation(PLATFORM, code="op")
    assert not queries.bodies(PLATFORM).filter(code="op").exists()
    with pytest.raises(Conflict):
        commands.close_organisation(PLATFORM, code="op")


def test_nothing_is_written_by_who_may_not(tree):
    officer = factories.actor(Role.BODY_OFFICER, Organisation.objects.get(code="op"))
    before = AuditEntry.objects.count()
    with pytest.raises(NotPermitted):
        commands.edit_organisation(officer, code="op", name_fr="x")
    branch = factories.actor(Role.ADMINISTRATOR, Organisation.objects.get(code="cocd-a"))
    with pytest.raises(NotPermitted):
        commands.move_organisation(branch, code="op", parent_code="cocd-b")
    assert AuditEntry.objects.count() == before


def _file(tmp_path, text):
    path = tmp_path / "arbre.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


CSV = """\ufeffcode;genre;parent;nom;name_en;secteur;essentiel
op-2;organisme;cocd-c;Organisme deux;Body two;santé;oui
cocd-c;COCD;cgcd;Troisième centre;;;
op;organisme;cocd-c;Nom op;;;
"""


def test_a_file_is_shown_then_applied_whole_and_again_changes_nothing(tree, tmp_path):
    path = _file(tmp_path, CSV)
    plan = commands.plan_tree(PLATFORM, path=path)
    assert plan.errors == []
    assert plan.counts == {"create": 2, "edit": 0, "move": 1, "edit_move": 0, "same": 0}
    assert not Organisation.objects.filter(code="op-2").exists()
    commands.apply_tree(PLATFORM, path=path)
    _paths_hold()
    assert Organisation.objects.get(code="op-2").essential
    entries = AuditEntry.objects.count()
    again = commands.apply_tree(PLATFORM, path=path)
    assert again.changes == 0
    assert AuditEntry.objects.count() == entries


@pytest.mark.parametrize(
    ("lines", "line", "field"),
    [
        ("x;body;inconnu;X;;;", 2, "parent"),
        ("x;body;cocd-a;;;;", 2, "name_fr"),
        ("x;planète;cocd-a;X;;;", 2, "kind"),
        ("Pas un code!;body;cocd-a;X;;;", 2, "code"),
        ("x;body;cocd-a;X;;;peut-être", 2, "essential"),
        ("x;body;cocd-a;X;;;\nx;body;cocd-a;X;;;", 3, "code"),
        ("x;unit;y;X;;;\ny;unit;x;Y;;;", 2, "parent"),
        ("op;cocd;cgcd;X;;;", 2, "kind"),
        ("x;body;cocd-a;" + "n" * 1001 + ";;;", 2, "name_fr"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_imported(tree, tmp_path, lines, line, field):
    path = _file(
        tmp_path, f"code;kind;parent;name_fr;name_en;sector;essential\nbon;body;cocd-a;Bon;;;\n{lines}\n"
    )
    plan = commands.plan_tree(PLATFORM, path=path)
    assert (plan.errors[0].line, plan.errors[0].field) == (line + 1, field)
    with pytest.raises(Invalid):
        commands.apply_tree(PLATFORM, path=path)
    assert not Organisation.objects.filter(code="bon").exists()


@pytest.mark.parametrize(
    "text", [b"", b"\xff\xfe\x00c", b"code\x00", b"a;b\n1;2\n", b"code;kind;parent;name_fr\n"]
)
def test_a_file_that_is_not_a_tree_is_refused_in_words(tree, tmp_path, text):
    with pytest.raises(Invalid):
        commands.plan_tree(PLATFORM, path=_file(tmp_path, text))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300) | st.text(alphabet='codekindparentname_fr;,"\n\r\t=', max_size=300))
def test_no_file_breaks_the_reader(tmp_path, data):
    path = _file(tmp_path, data)
    try:
        plan = commands.plan_tree(PLATFORM, path=path)
    except Invalid:
        return
    assert plan.rows is not None
