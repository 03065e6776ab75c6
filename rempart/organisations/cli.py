"""Organisations and accounts from the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from rempart.kernel.actors import system
from rempart.kernel.cli import print_json, said

out, err = Console(soft_wrap=True), Console(stderr=True, soft_wrap=True)

Json = Annotated[bool, typer.Option("--json", help="Réponse en JSON · Answer in JSON")]


def install(app: typer.Typer) -> None:
    places = typer.Typer(no_args_is_help=True, help="Organismes · Organisations")
    places.command("list")(list_organisations)
    places.command("import")(import_tree)
    places.command("import-people")(import_people)
    app.add_typer(places, name="organisations")
    users = typer.Typer(no_args_is_help=True, help="Comptes et rôles · Accounts and roles")
    users.command("list")(list_users)
    users.command("create")(create)
    users.command("grant")(grant)
    users.command("deactivate")(deactivate)
    users.command("reset-mfa")(reset_mfa)
    users.command("matrix")(matrix)
    app.add_typer(users, name="users")


def list_organisations(
    kind: Annotated[
        Literal["government", "cgcd", "cocd", "body", "unit"] | None,
        typer.Option(help="Un seul genre · One kind only."),
    ] = None,
    json: Json = False,
) -> None:
    """Liste les organismes · List the organisations."""
    from rempart.organisations import queries

    rows = queries.organisations(system("cli")).order_by("path")
    if kind:
        rows = rows.filter(kind=kind)
    if json:
        print_json(
            [
                {
                    "code": row.code,
                    "kind": row.kind,
                    "parent": row.parent.code if row.parent else None,
                    "name_fr": row.name_fr,
                    "name_en": row.name_en,
                    "sector": row.sector,
                    "essential": row.essential,
                }
                for row in rows
            ]
        )
        return
    for row in rows:
        out.print(f"{'  ' * (row.path.count('/') - 2)}{row.code}  {row.name}", markup=False, highlight=False)


Preview = Annotated[bool, typer.Option(help="Montre sans rien changer · Show, change nothing")]


Tree = Annotated[
    Path, typer.Argument(help="CSV : code, kind, parent, name_fr, name_en… · CSV file of organisations.")
]
People = Annotated[
    Path, typer.Argument(help="CSV : personnes, fonctions, suppléants · CSV file of people and duties.")
]
Account = Annotated[str, typer.Argument(help="Courriel du compte · E-mail address of the account.")]
Reason = Annotated[str, typer.Option(help="Raison consignée · Reason, recorded.")]


def import_tree(file: Tree, preview: Preview = False, json: Json = False) -> None:
    """Importe l’arbre depuis un fichier CSV · Import the tree from a CSV file."""
    from rempart.organisations import commands

    _import(file, preview, json, commands.plan_tree, commands.apply_tree)


def import_people(file: People, preview: Preview = False, json: Json = False) -> None:
    """Importe personnes et fonctions depuis un CSV · Import people and duties from a CSV file."""
    from rempart.organisations import commands

    _import(file, preview, json, commands.plan_people, commands.apply_people)


def _import(
    file: Path, preview: bool, json: bool, plan: Callable[..., Any], apply: Callable[..., Any]
) -> None:
    actor = system("cli")
    try:
        with said(field=True):
            found = plan(actor, path=file)
            if not found.errors and not preview:
                found = apply(actor, path=file)
    except OSError as error:
        err.print(f"{file}: {error.strerror}", markup=False)
        raise typer.Exit(1) from error
    errors = [{"line": e.line, "field": e.field, "message": e.message} for e in found.errors]
    if json:
        print_json({"applied": not errors and not preview, "counts": found.counts, "errors": errors})
    else:
        for each in found.errors[:100]:
            err.print(f"{file.name}:{each.line}: {each.field}: {each.message}", markup=False, highlight=False)
        out.print(", ".join(f"{action}: {count}" for action, count in found.counts.items()))
    if errors:
        raise typer.Exit(1)


def _user_id(email: str) -> int:
    from rempart.organisations import queries

    found = queries.users(system("cli")).filter(email__iexact=email).first()
    if found is None:
        err.print(f"{email}: ?", markup=False)
        raise typer.Exit(1)
    return int(found.pk)


def list_users(json: Json = False) -> None:
    """Liste les comptes et leurs rôles · List the accounts and their roles."""
    from rempart.organisations import queries

    rows = list(queries.users(system("cli")).order_by("email"))
    roles = queries.roles_by_user([row.pk for row in rows])
    if json:
        print_json(
            [
                {
                    "id": row.pk,
                    "email": row.email,
                    "name": row.name,
                    "active": row.is_active,
                    "roles": [{"role": role, "organisation": code} for role, code in roles.get(row.pk, [])],
                }
                for row in rows
            ]
        )
        return
    table = Table("Courriel · E-mail", "Nom · Name", "Rôles · Roles", "Actif · Active")
    for row in rows:
        held = ", ".join(f"{role}@{code}" for role, code in roles.get(row.pk, []))
        table.add_row(row.email, row.name, held, "✓" if row.is_active else "–")
    out.print(table)


def create(
    email: Account,
    name: Annotated[str, typer.Option(help="Nom complet · Full name")],
    language: Annotated[str, typer.Option(help="Langue des pages · Language of its pages: fr | en.")] = "fr",
    password: Annotated[
        str,
        typer.Option(
            envvar="REMPART_NEW_PASSWORD", help="Sinon une invitation part · Else an invitation is sent"
        ),
    ] = "",
    role: Annotated[str, typer.Option(help="Rôle à donner · Role to grant")] = "",
    organisation: Annotated[str, typer.Option(help="Code de l’organisme · Code of the organisation")] = "",
    json: Json = False,
) -> None:
    """Ouvre un compte · Open an account."""
    from rempart.organisations import commands

    with said(field=True):
        user = commands.create_user(
            system("cli"),
            email=email,
            name=name,
            password=password or None,
            language=language,
            invite=not password,
        )
        if role:
            commands.grant_role(system("cli"), user_id=user.pk, role=role, organisation_code=organisation)
    if json:
        print_json({"id": user.pk, "email": user.email})
    else:
        out.print(f"✓ {user.email}")


def grant(
    email: Account,
    role: Annotated[str, typer.Argument(help="Rôle, de « users matrix » · Role, from “users matrix”.")],
    organisation: Annotated[str, typer.Argument(help="Code de l’organisme · Code of the organisation.")],
    json: Json = False,
) -> None:
    """Donne un rôle sur un organisme et ce qui en relève · Grant a role over a branch."""
    from rempart.organisations import commands

    with said(field=True):
        made = commands.grant_role(
            system("cli"), user_id=_user_id(email), role=role, organisation_code=organisation
        )
    if json:
        print_json({"id": made.pk, "role": made.role, "organisation": organisation})
    else:
        out.print(f"✓ {email} {role} {organisation}")


def deactivate(email: Account, reason: Reason = "", json: Json = False) -> None:
    """Désactive un compte; sessions et jetons prennent fin · Close an account, its sessions and tokens."""
    from rempart.organisations import commands

    commands.set_active(system("cli"), user_id=_user_id(email), active=False, reason=reason)
    if json:
        print_json({"email": email, "active": False})
    else:
        out.print(f"✓ {email}")


def reset_mfa(email: Account, reason: Reason = "", json: Json = False) -> None:
    """Retire les seconds facteurs d’un compte · Remove an account's second factors."""
    from rempart.organisations import commands

    removed = commands.reset_mfa(system("cli"), user_id=_user_id(email), reason=reason)
    if json:
        print_json({"email": email, "removed": removed})
    else:
        out.print(f"✓ {email}: {removed}")


def matrix(
    markdown: Annotated[bool, typer.Option("--markdown", help="Tableau Markdown · Markdown table")] = False,
    json: Json = False,
) -> None:
    """Montre ce que chaque rôle peut faire · Show what each role may do."""
    from django.utils.translation import override

    from rempart.organisations import queries

    roles, rows = queries.role_matrix()
    with override("fr"):
        french = [str(name) for _role, name in roles]
    with override("en"):
        english = [str(name) for _role, name in roles]
    if json:
        print_json(
            {
                str(role): [str(row.permission) for row in rows if row.held[i]]
                for i, (role, _) in enumerate(roles)
            }
        )
        return
    if markdown:
        heads = [f"{fr}<br>{en}" for fr, en in zip(french, english, strict=True)]
        lines = [
            "# Rôles et droits · Roles and permissions",
            "",
            "Écrit par `rempart users matrix --markdown` · Written by `rempart users matrix --markdown`.",
            "",
            "| Droit · Permission | " + " | ".join(heads) + " |",
            "|---|" + "---|" * len(heads),
            *(
                f"| `{row.permission}` | " + " | ".join("✓" if held else "" for held in row.held) + " |"
                for row in rows
            ),
        ]
        typer.echo("\n".join(lines))
        return
    table = Table("Droit · Permission", *(str(role) for role, _name in roles))
    for row in rows:
        table.add_row(str(row.permission), *("✓" if held else "" for held in row.held))
    out.print(table)
