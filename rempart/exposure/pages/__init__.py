"""Pages of exposures, statements, the decision table and products' names."""

from django.urls import path

from rempart.exposure.pages import (
    changes,
    doubts,
    exposures,
    lifecycle,
    names,
    offers,
    precedence,
    statements,
    table,
)
from rempart.exposure.pages.sections import register

urlpatterns = [
    path("exposures/", exposures.exposure_list, name="exposure_list"),
    path("exposures/<int:exposure_id>", exposures.exposure, name="exposure"),
    path("exposures/<int:exposure_id>/statement", statements.statement_new, name="statement_new"),
    path("exposures/changes", changes.run_list, name="run_list"),
    path("exposures/changes/<int:run_id>", changes.run_changes, name="run_changes"),
    path("doubts/", doubts.doubt_list, name="doubt_list"),
    path("statements/", statements.statement_list, name="statement_list"),
    path("statements/offers", offers.offer_list, name="offer_list"),
    path("statements/vex", offers.statement_vex, name="statement_vex"),
    path("statements/<int:statement_id>/offer", offers.statement_offer, name="statement_offer"),
    path("statements/<int:statement_id>/adopt", offers.statement_adopt, name="statement_adopt"),
    path("statements/<int:statement_id>/withdraw", statements.statement_withdraw, name="statement_withdraw"),
    path("statements/<int:statement_id>", statements.statement, name="statement"),
    path("priority/sources", precedence.source_order, name="source_order"),
    path("priority/", table.priority_table, name="priority_table"),
    path("lifecycle/", lifecycle.lifecycle_list, name="lifecycle_list"),
    path("lifecycle/check", lifecycle.lifecycle_check, name="lifecycle_check"),
    path("products/", names.product_names, name="product_names"),
    path("products/one", names.product, name="product"),
    path("products/decisions", names.product_decisions, name="product_decisions"),
]

register()
