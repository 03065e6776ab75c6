"""A report for people: one HTML file that stands alone, in French and English, what matched highlighted."""

from __future__ import annotations

from html import escape
from typing import Any, BinaryIO, Final

from rempart.detection.findings import Finding
from rempart.detection.outputs.model import Writer
from rempart.detection.tally import Tally

#: Findings shown one by one; the others are in the counts, and whole in the other forms of output.
_SHOWN: Final = 2_000
_VALUE: Final = 2_000
_STYLE: Final = """
:root { color-scheme: light dark; --line: #8886; --mark: #ffd54a; --ink: #1b1b1f; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } caption { text-align: start; font-weight: 600; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: start; vertical-align: top; }
td.n { text-align: end; font-variant-numeric: tabular-nums; }
.sums { display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); }
article { border: 1px solid var(--line); border-radius: .5rem; margin: 1rem 0; padding: .5rem 1rem; }
article h3 { font-size: 1rem; margin: .2rem 0; } dl { display: grid; grid-template-columns: max-content 1fr;
gap: .1rem 1rem; margin: .4rem 0; } dt { color: inherit; opacity: .75; } dd { margin: 0; overflow-wrap:
anywhere; font-family: ui-monospace, monospace; font-size: .9rem; white-space: pre-wrap; }
mark { background: var(--mark); color: var(--ink); }
.critical, .high { border-inline-start: .5rem solid #b3261e; } .medium { border-inline-start: .5rem solid
#b26a00; } .low, .informational { border-inline-start: .5rem solid #3b6ea5; }
"""
LEVELS: Final = {
    "critical": "Critique · Critical",
    "high": "Élevé · High",
    "medium": "Moyen · Medium",
    "low": "Faible · Low",
    "informational": "Information",
}


class Page(Writer):
    """Counts first, then the findings in their order; the counts are known at the end, so the page waits."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        self._shown: list[str] = []

    def write(self, finding: Finding) -> None:
        if len(self._shown) < _SHOWN:
            self._shown.append(_article(finding))

    def close(self, tally: Tally) -> None:
        title = "Détections · Detections"
        told = (
            f"<p>{tally.events} événements · events, {tally.files} fichiers · files, "
            f"{tally.findings} détections · detections.</p>"
        )
        parts = [
            "<!doctype html>\n<html lang=fr><meta charset=utf-8>",
            '<meta name=viewport content="width=device-width, initial-scale=1">',
            f"<title>{title}</title><style>{_STYLE}</style><main><h1>{title}</h1>{told}<div class=sums>",
            _sums("Niveau · Level", [(LEVELS[level], count) for level, count in tally.by_level()]),
            _sums("Technique", tally.techniques.most_common(15)),
            _sums("Hôte · Host", tally.hosts.most_common(15)),
            "</div>",
            _sums("Règle · Rule", [(title, count) for (_, title, _), count in tally.titles.most_common(50)]),
        ]
        if tally.problem_count:
            parts.append(
                f"<h2>Ce qui n’a pu être lu · What could not be read ({tally.problem_count})</h2><ul>"
            )
            parts += [f"<li>{escape(str(problem))}" for problem in tally.problems[:100]]
            parts.append("</ul>")
        parts.append("<h2>Détections · Detections</h2>")
        if tally.findings > len(self._shown):
            parts.append(f"<p>{len(self._shown)} / {tally.findings}</p>")
        parts += self._shown
        parts.append("</main></html>\n")
        self.stream.write("\n".join(parts).encode("utf-8", "replace"))
        super().close(tally)


def _sums(name: str, counts: list[tuple[str, int]]) -> str:
    if not counts:
        return ""
    rows = "".join(f"<tr><td>{escape(label)}<td class=n>{count}" for label, count in counts)
    return f"<table><caption>{escape(name)}</caption><tbody>{rows}</tbody></table>"


def _article(finding: Finding) -> str:
    origin = finding.origin
    facts = [finding.timestamp, finding.host, finding.user, f"{finding.source} [{finding.index}]"]
    if finding.count > 1:
        facts.append(f"× {finding.count}")
    facts += origin.techniques
    matched = {one.field: str(one.value) for one in finding.matched if one.field}
    words = [str(one.value) for one in finding.matched if not one.field]
    fields = "".join(
        f"<dt>{escape(str(name))}<dd>{_marked(str(name), value, matched, words)}"
        for name, value in finding.event.items()
    )
    return (
        f"<article class={origin.level}><h3>{escape(LEVELS[origin.level])} : {escape(origin.title)}</h3>"
        f"<p>{escape(' · '.join(str(fact) for fact in facts if fact))}</p>"
        f"<details><summary>Événement · Event</summary><dl>{fields}</dl></details></article>"
    )


def _marked(name: str, value: Any, matched: dict[str, str], words: list[str]) -> str:
    text = str(value)[:_VALUE]
    if any(field == name or field.startswith(f"{name}.") for field in matched) or text in words:
        return f"<mark>{escape(text)}</mark>"
    return escape(text)
