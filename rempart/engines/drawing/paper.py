"""A drawing that stands alone, as in a printed report: its own colours, since no page's style reaches it."""

from rempart.engines.drawing.markup import element

_HEAT = (
    "#eef1f4",
    "#f9e3e1",
    "#f3cbc8",
    "#ecb2ae",
    "#e59a94",
    "#dd817a",
    "#d56860",
    "#cb4e46",
    "#c0372f",
    "#b3261e",
)
_INK = {"ok": "#1b6b3a", "warn": "#8a5300", "calm": "#3f5873", "critical": "#b3261e", "brand": "#095797"}
_RULES = (
    "text{font:12px sans-serif;fill:#16202c}.axis,.node-note{fill:#4a5767}.value,.node-word{font-weight:600}"
    ".node-note{font-size:11px}.grid{stroke:#dfe4ea}.line{fill:none;stroke:#095797;stroke-width:2}.spot{fill:#095797}"
    ".target{stroke:#1b6b3a;stroke-width:1.5;stroke-dasharray:6 4}.target-word{fill:#1b6b3a}"
    ".edge{fill:none;stroke:#76869a;stroke-width:1.2}.node{fill:#fff;stroke:#c2cbd6}"
    + "".join(f".fill-{name}{{fill:{ink}}}" for name, ink in _INK.items())
    + "".join(f".heat-{level}{{fill:{ink}}}" for level, ink in enumerate(_HEAT))
    + "".join(f".heat-word-{level}{{fill:#fff}}" for level in range(6, 10))
)


def standalone(drawing: str) -> str:
    """Return `drawing` (markup of this package) with its colours and hatching inside it."""
    hatch = element(
        "defs",
        element("style", _RULES),
        element(
            "pattern",
            element("rect", width=6, height=6, fill="#fdf1dc"),
            element("rect", width=3, height=6, fill=_INK["warn"]),
            id="hatch-warn",
            width=6,
            height=6,
            patternUnits="userSpaceOnUse",
            patternTransform="rotate(45)",
        ),
    )
    end = drawing.index(">") + 1
    return drawing[:end] + hatch + drawing[end:]
