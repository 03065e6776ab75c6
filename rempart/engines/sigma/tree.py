"""What a rule means: and, or, not over leaves, each a field and the tests of which one must hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Wild(Enum):
    """``*`` any number of characters, ``?`` exactly one."""

    MANY = "*"
    ONE = "?"


Token: TypeAlias = str | Wild


@dataclass(frozen=True, slots=True)
class Text:
    """The whole value is as ``tokens``; compared after Unicode case folding unless ``cased``."""

    tokens: tuple[Token, ...]
    cased: bool = False

    def __str__(self) -> str:
        return "".join(
            token.value if isinstance(token, Wild) else token.replace("*", r"\*").replace("?", r"\?")
            for token in self.tokens
        )


@dataclass(frozen=True, slots=True)
class Regex:
    """The regular expression is found in the value; ``flags`` among ``i``, ``m``, ``s``."""

    pattern: str
    flags: str = ""

    def __str__(self) -> str:
        return f"/{self.pattern}/{self.flags}"


@dataclass(frozen=True, slots=True)
class Cidr:
    """The value is an address of one of these networks."""

    network: str

    def __str__(self) -> str:
        return self.network


@dataclass(frozen=True, slots=True)
class Compare:
    """The value is a number that compares so; with ``part``, that part of a date does."""

    operator: str  # lt, lte, gt, gte, eq
    number: float
    part: str | None = None

    def __str__(self) -> str:
        return f"{f'{self.part} ' if self.part else ''}{self.operator} {self.number:g}"


@dataclass(frozen=True, slots=True)
class FieldRef:
    """The value compares with another field's: ``equals``, ``startswith``, ``endswith``, ``contains``."""

    field: str
    mode: str = "equals"
    cased: bool = False

    def __str__(self) -> str:
        return f"{self.mode} the field {self.field}"


@dataclass(frozen=True, slots=True)
class Null:
    """The field is absent or null."""

    def __str__(self) -> str:
        return "null"


@dataclass(frozen=True, slots=True)
class Exists:
    """The field is in the event, whatever its value."""

    def __str__(self) -> str:
        return "exists"


Test: TypeAlias = Text | Regex | Cidr | Compare | FieldRef | Null | Exists


@dataclass(frozen=True, slots=True)
class Leaf:
    """One of ``tests`` holds for ``field`` (None: for any value of the event); ``search`` names its
    identifier.
    """

    field: str | None
    tests: tuple[Test, ...]
    search: str = ""


@dataclass(frozen=True, slots=True)
class And:
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    child: Node


Node: TypeAlias = And | Or | Not | Leaf

#: What is always true, and what never is.
TRUE = And(())
FALSE = Or(())


def both(children: tuple[Node, ...]) -> Node:
    """And, flattened, with constants taken away."""
    flat: list[Node] = []
    for child in children:
        if child == FALSE:
            return FALSE
        flat.extend(child.children if isinstance(child, And) else (child,))
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def either(children: tuple[Node, ...]) -> Node:
    """Or, flattened, with constants taken away."""
    flat: list[Node] = []
    for child in children:
        if child == TRUE:
            return TRUE
        flat.extend(child.children if isinstance(child, Or) else (child,))
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def negated(child: Node) -> Node:
    """Not, with constants and double negation taken away."""
    if child == TRUE:
        return FALSE
    if child == FALSE:
        return TRUE
    return child.child if isinstance(child, Not) else Not(child)


def leaves(node: Node) -> Iterator[Leaf]:
    """Every leaf beneath, left to right."""
    if isinstance(node, Leaf):
        yield node
    elif isinstance(node, Not):
        yield from leaves(node.child)
    else:
        for child in node.children:
            yield from leaves(child)
