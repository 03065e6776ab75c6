"""The demo's sign-ins: one per role, with passwords made for this installation and kept in a private file."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass

from django.conf import settings
from rich.console import Console
from rich.table import Table

from rempart.kernel.permissions import ROLE_NAMES, Role


@dataclass(frozen=True)
class SignIn:
    role: Role
    place: str
    name: str
    email: str


SIGN_INS: tuple[SignIn, ...] = (
    SignIn(Role.CGCD_ANALYST, "gouvernement", "Alix Démo", "analyste@demo.rempart.test"),
    SignIn(Role.CGCD_COMMANDER, "gouvernement", "Camille Démo", "commandement@demo.rempart.test"),
    SignIn(Role.COCD_ANALYST, "cocd-sante", "Dominique Démo", "cocd@demo.rempart.test"),
    SignIn(Role.BODY_OFFICER, "op-001", "Élie Démo", "comsi@demo.rempart.test"),
    SignIn(Role.ASSET_OWNER, "op-001", "Florence Démo", "detenteur@demo.rempart.test"),
    SignIn(Role.AUDITOR, "gouvernement", "Gabriel Démo", "audit@demo.rempart.test"),
    SignIn(Role.AUTHORITY, "gouvernement", "Hélène Démo", "autorite@demo.rempart.test"),
    SignIn(Role.ADMINISTRATOR, "gouvernement", "Isaac Démo", "administration@demo.rempart.test"),
)

_STORE = "demo-sign-ins.json"


def passwords() -> dict[str, str]:
    """Address → password; made on first use, readable by the owner of ``var/`` only."""
    path = settings.VAR / _STORE
    if path.exists():
        return dict(json.loads(path.read_text(encoding="utf-8")))
    made = {each.email: secrets.token_urlsafe(12) for each in SIGN_INS}
    settings.VAR.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        json.dump(made, handle, indent=1)
    return made


def sign_ins_of_demo() -> list[dict[str, str]]:
    """Who may sign in to try the platform, with the password; none where no demo was made."""
    known = passwords() if (settings.VAR / _STORE).exists() else {}
    return [
        {"role": each.role, "place": each.place, "email": each.email, "password": known[each.email]}
        for each in SIGN_INS
        if each.email in known
    ]


def print_sign_ins(console: Console, address: str) -> None:
    """The address of the platform and who may sign in to try it."""
    known = sign_ins_of_demo()
    console.print(f"\n[bold]Rempart[/]  {address}\n")
    if not known:
        return
    table = Table(title="Comptes de démonstration · Demo sign-ins", title_justify="left", box=None)
    # An address or a password cut short would be of no use: the roles give way on a narrow terminal.
    table.add_column("Rôle · Role")
    table.add_column("Courriel · E-mail", no_wrap=True, min_width=max(len(each["email"]) for each in known))
    longest = max(len(each["password"]) for each in known)
    table.add_column("Mot de passe · Password", no_wrap=True, min_width=longest)
    for each in known:
        table.add_row(str(ROLE_NAMES[Role(each["role"])]), each["email"], each["password"])
    console.print(table)
    console.print()
