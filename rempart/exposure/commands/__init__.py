"""Every write of this slice."""

from rempart.exposure.commands.aliases import AliasEffect, alias_products, preview_alias
from rempart.exposure.commands.matching import (
    Matched,
    identify_anew,
    index_components,
    reconcile_all,
    reconcile_body,
    rematch_all,
    rematch_vulnerabilities,
    reprioritise,
    reprioritise_all,
)
from rempart.exposure.commands.statements import (
    JUSTIFICATIONS,
    expire_statements,
    make_statement,
    review_statement,
)
from rempart.exposure.commands.table import (
    TablePreview,
    edit_priority_table,
    parse_deadlines,
    parse_table,
    preview_priority_table,
)
from rempart.exposure.commands.withdrawing import withdraw_statement

__all__ = [
    "JUSTIFICATIONS",
    "AliasEffect",
    "Matched",
    "TablePreview",
    "alias_products",
    "edit_priority_table",
    "expire_statements",
    "identify_anew",
    "index_components",
    "make_statement",
    "parse_deadlines",
    "parse_table",
    "preview_alias",
    "preview_priority_table",
    "reconcile_all",
    "reconcile_body",
    "rematch_all",
    "rematch_vulnerabilities",
    "reprioritise",
    "reprioritise_all",
    "review_statement",
    "withdraw_statement",
]
