"""One vulnerability beside one inventory, step by step, in words a person can check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rempart.engines.exposure import Aliases, Matcher, affected_keys, compile_affected, component_keys
from rempart.engines.exposure.branches import by_branch
from rempart.engines.exposure.installed import installed
from rempart.engines.exposure.model import Affected, Component
from rempart.engines.exposure.ranges import CompiledAffected, CompiledRange, Reading, covers, reading_of
from rempart.engines.versions import key
from rempart.matcher.components import Item
from rempart.matcher.records import Records
from rempart.matcher.sentences import Language, sentence

_SHOWN: Final = 20


def explain(
    name: str, items: Sequence[Item], found: Records, aliases: Aliases, language: Language
) -> Iterator[str]:
    """Lines of text: identity keys and how they met, each source's statements, comparisons, the answer."""
    say = _Words(language)
    statements = found.statements()
    named = found.aliases()
    wanted = [one for one in statements if name in (one, *named.get(one, ()))]
    if not wanted:
        rejected = name in found.rejected
        yield (
            say(f"{name} : retirée par son autorité.", f"{name}: withdrawn by its authority.")
            if rejected
            else say(
                f"{name} : aucune fiche n’en dit quoi que ce soit.", f"{name}: no record says anything of it."
            )
        )
        return
    for identifier in wanted:
        yield from _vulnerability(identifier, by_branch(statements[identifier]), items, aliases, say)


class _Words:
    def __init__(self, language: Language) -> None:
        self.language: Language = language

    def __call__(self, french: str, english: str) -> str:
        return french if self.language == "fr" else english


def _vulnerability(
    identifier: str, said: Sequence[Affected], items: Sequence[Item], aliases: Aliases, say: _Words
) -> Iterator[str]:
    yield f"# {identifier}"
    matcher = Matcher(aliases)
    matcher.add(identifier, said)
    told = set()
    for item in items:
        stated = (item.component.id, item.inventory)
        if stated in told:
            continue
        told.add(stated)
        verdict = next(matcher.match((item.component,)), None)
        if verdict is None:
            continue
        yield ""
        yield from _component(item, said, aliases, say)
        yield f"  ⇒ {sentence(verdict, say.language)}"
        certainty = f"{verdict.confidence:.2f}"
        yield "    " + say(f"Confiance : {certainty}", f"Confidence: {certainty}")
        if verdict.detail.get("undecided"):
            undecided = verdict.detail["undecided"]
            yield "    " + say(f"N’ont pu trancher : {undecided}", f"Could not decide: {undecided}")
        if len(told) >= _SHOWN:
            break
    if not any(True for item in items if next(matcher.match((item.component,)), None)):
        yield from _none_met(said, items, aliases, say)


def _none_met(
    said: Sequence[Affected], items: Sequence[Item], aliases: Aliases, say: _Words
) -> Iterator[str]:
    yield say(
        "Aucun composant de l’inventaire n’est un produit nommé par les fiches.",
        "No component of the inventory is a product that the records name.",
    )
    yield say("Les fiches nomment :", "The records name:")
    for affected in said[:_SHOWN]:
        names = ", ".join(key for key, _ in affected_keys(affected)) or say("rien", "nothing")
        yield (
            f"  - {affected.source} : {names}" if say.language == "fr" else f"  - {affected.source}: {names}"
        )
    for item in items[: _SHOWN if len(items) <= _SHOWN else 0]:
        yield from _identity(item.component, aliases, say)


def _component(item: Item, said: Sequence[Affected], aliases: Aliases, say: _Words) -> Iterator[str]:
    component = item.component
    held = installed(component)
    yield f"## {component.id}  {component.vendor} {component.product} {held.stated}".rstrip()
    yield from _identity(component, aliases, say)
    mine = aliases.resolve(component_keys(component))
    for affected in said:
        theirs = aliases.resolve(affected_keys(affected))
        met = sorted(mine.keys() & theirs.keys(), key=lambda one: -min(mine[one], theirs[one]))
        label = affected.product or affected.package_name or affected.purl or ", ".join(affected.cpes[:1])
        head = f"  {affected.source}, {affected.vendor} {label}".rstrip()
        if not met:
            yield head + say(" : un autre produit.", ": another product.")
            continue
        certainty = min(mine[met[0]], theirs[met[0]])
        yield head + say(
            f" : le même produit, par {met[0]} ({certainty:.2f}).",
            f": the same product, by {met[0]} ({certainty:.2f}).",
        )
        version, purl_type = held.compared(met[0])
        if version != held.stated:
            yield "    " + say(f"version comparée : {version}", f"version compared: {version}")
        yield from _statement(affected, version, reading_of(version, purl_type), say)


def _identity(component: Component, aliases: Aliases, say: _Words) -> Iterator[str]:
    keys = component_keys(component)
    if not keys:
        yield "  " + say(
            f"{component.id} : ni purl, ni CPE, ni éditeur : rien ne l’identifie.",
            f"{component.id}: no purl, CPE or vendor: nothing identifies it.",
        )
        return
    yield "  " + say("Ce que l’inventaire en dit :", "What the inventory says of it:")
    for name, confidence in keys:
        canonical, certainty = aliases.canonical(name)
        via = say(f", soit {canonical}", f", that is {canonical}") if canonical != name else ""
        yield f"    {name}{via} ({confidence * certainty:.2f})"


def _statement(affected: Affected, version: str, reading: Reading, say: _Words) -> Iterator[str]:
    compiled = compile_affected(affected, reading)
    for platform in affected.platforms[:3]:
        yield "    " + say(f"plateforme : {platform}", f"platform: {platform}")
    for candidate in compiled.ranges:
        line, covered = _range(candidate, version, say)
        if covered is not False or len(compiled.ranges) <= _SHOWN:
            yield f"    {line}"
            yield from _changes(candidate, version, say)
    listed = _listed(compiled, version)
    if listed:
        yield "    " + say(f"{version} : listée ({listed})", f"{version}: listed ({listed})")
    elif compiled.exact_text:
        count = len(compiled.exact_text)
        yield "    " + say(
            f"{version} : absente des {count} versions nommées",
            f"{version}: not among the {count} named versions",
        )
    stated = affected.default_status
    yield "    " + say(f"ailleurs : {stated}", f"elsewhere: {stated}")


def _changes(candidate: CompiledRange, version: str, say: _Words) -> Iterator[str]:
    version_key = key(candidate.scheme, version) if version else None
    for at, status, text in candidate.changes:
        if at is None or version_key is None:
            compared = say("ne peut être comparée", "cannot be compared")
        elif at <= version_key:
            compared = say(f"{version} l’atteint", f"{version} reaches it")
        else:
            compared = say(f"{version} ne l’atteint pas", f"{version} does not reach it")
        yield "      " + say(
            f"à partir de {text}, {status.value} : {compared}", f"from {text} on, {status.value}: {compared}"
        )


def _listed(compiled: CompiledAffected, version: str) -> str:
    hit = compiled.exact_text.get(version.strip().casefold())
    for scheme in compiled.exact_schemes:
        found = key(scheme, version)
        hit = hit or (compiled.exact.get((scheme, found)) if found is not None else None)
    return str(hit[1].value) if hit else ""


def _range(candidate: CompiledRange, version: str, say: _Words) -> tuple[str, bool | None]:
    version_key = key(candidate.scheme, version) if version else None
    covered = covers(candidate, version_key)
    quote = f"{candidate.quote} [{candidate.scheme}, {candidate.status.value}]"
    if covered:
        return say(f"{quote} : {version} y est", f"{quote}: {version} is inside"), covered
    if covered is None:
        why = candidate.problem or ("no_version" if not version else "unreadable_version")
        return say(
            f"{quote} : ne peut être comparée ({why})", f"{quote}: cannot be compared ({why})"
        ), covered
    low = candidate.low.key
    below = low is not None and version_key is not None and version_key < low
    return (
        say(f"{quote} : {version} est avant", f"{quote}: {version} is before")
        if below
        else say(f"{quote} : {version} est après", f"{quote}: {version} is after")
    ), covered
