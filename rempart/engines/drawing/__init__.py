"""Pictures as SVG: the same drawing on a page and in a printed report."""

from rempart.engines.drawing.charts import (
    Bar,
    Cell,
    Series,
    bar_chart,
    heat_map,
    line_chart,
    share_bar,
    spark,
    stacked_bars,
)
from rempart.engines.drawing.markup import Label
from rempart.engines.drawing.network import Box, network
from rempart.engines.drawing.paper import standalone

__all__ = [
    "Bar",
    "Box",
    "Cell",
    "Label",
    "Series",
    "bar_chart",
    "heat_map",
    "line_chart",
    "network",
    "share_bar",
    "spark",
    "stacked_bars",
    "standalone",
]
