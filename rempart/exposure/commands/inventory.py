"""Components made ready to be matched as one set: their products resolved once, their versions in order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from rempart.engines.exposure import Aliases, AliasRow, Matcher
from rempart.engines.exposure.aliases import BUILTIN_ALIASES
from rempart.engines.exposure.model import Component, Verdict
from rempart.engines.exposure.verdicts import Decision
from rempart.exposure.commands import order
from rempart.exposure.commands.reach import Reach, fetch, slices
from rempart.exposure.models import ProductAlias

_COMPONENTS = "SELECT id, vendor, product, version, purl, cpe FROM assets_component WHERE {where} ORDER BY id"
_IDS_AT_ONCE = 2_000


class Names:
    """The aliases in force, in both directions, and the order in which sources are believed."""

    def __init__(self) -> None:
        self.precedence = order.in_force()
        stored = ProductAlias.objects.order_by("id").values_list(
            "key", "canonical", "confidence", "provenance"
        )
        self.corrections = [AliasRow(*row) for row in stored]
        self.aliases = Aliases.builtin(self.corrections)
        self._spellings: dict[str, list[str]] = {}
        for key in dict.fromkeys(row.key for row in (*BUILTIN_ALIASES, *self.corrections)):
            self._spellings.setdefault(self.aliases.canonical(key)[0], []).append(key)

    def spellings(self, canonical: Iterable[str]) -> list[str]:
        """Every key that resolves to one of these."""
        wanted = set(canonical)
        return sorted(wanted.union(*(self._spellings.get(key, ()) for key in wanted)))

    def canonical(self, keys: Iterable[str]) -> set[str]:
        return {self.aliases.canonical(key)[0] for key in keys}


def load_components(component_ids: Collection[int]) -> list[Component]:
    """The components of these ids, in the order of the ids."""
    found: list[Component] = []
    for part in slices(sorted(component_ids), _IDS_AT_ONCE):
        rows = fetch(_COMPONENTS, where=Reach(component_ids=part).where(component="id"))
        found += [Component(str(row[0]), *row[1:]) for row in rows]
    return found


class Inventory:
    """Components, to be matched with the statements of any number of matchers of the same names."""

    def __init__(self, names: Names, components: Sequence[Component]) -> None:
        self._components = {int(one.id): one for one in components}
        self._ids = list(self._components)
        self._prepared = Matcher(names.aliases).prepare(components)

    def sweep(self, matcher: Matcher) -> Iterator[tuple[list[int], Decision, list[tuple[int, str]]]]:
        """Each decision but "not affected": its vulnerabilities, and their components (id, version)."""
        ids, versions = self._ids, self._prepared.versions
        found = matcher.sweep(self._prepared.about(matcher.keys()))
        named = [int(one) for one in found.ids]
        for positions, first, end, numbers, decision in found.runs:
            held = [(ids[position], versions[position]) for position in positions[first:end]]
            yield [named[number] for number in numbers], decision, held

    def asked(self, matcher: Matcher, component_ids: Collection[int]) -> Iterator[Verdict]:
        """Every verdict about those of these components that it holds, those not affected as well."""
        wanted = [self._components[one] for one in sorted(component_ids) if one in self._components]
        return matcher.match(wanted)
