"""The addresses of the library of rules."""

from django.urls import path

import rempart.kernel.pages  # noqa: F401 - registers the converter "seq"
from rempart.detection.pages import coverage, packs, releases, rule_health, rules, tunings, versions

urlpatterns = [
    path("detection/rules/", rules.rule_list, name="rule_list"),
    path("detection/rules/new", rules.rule_new, name="rule_new"),
    path("detection/rules/check", rules.rule_check, name="rule_check"),
    path("detection/rules/<int:rule_id>", rules.rule, name="rule"),
    path("detection/rules/<int:rule_id>/edit", rules.rule_edit, name="rule_edit"),
    path("detection/rules/<int:rule_id>/move", rules.rule_move, name="rule_move"),
    path("detection/rules/<int:rule_id>/share", rules.rule_share, name="rule_share"),
    path("detection/rules/<int:rule_id>/case", rules.case_new, name="case_new"),
    path("detection/cases/<int:case_id>", rules.case, name="case"),
    path("detection/versions/", versions.version_list, name="version_list"),
    path("detection/versions/<int:version_id>", versions.rule_version, name="rule_version"),
    path("detection/releases/", releases.release_list, name="release_list"),
    path("detection/releases/new", releases.release_new, name="release_new"),
    path("detection/releases/<int:release_id>", releases.release, name="release"),
    path("detection/packs/", packs.pack_list, name="pack_list"),
    path("detection/packs/new", packs.pack_new, name="pack_new"),
    path("detection/packs/<slug:digest>", packs.pack_file, name="pack_file"),
    path("detection/nodes/", packs.node_list, name="node_list"),
    path("detection/nodes/<seq:node_id>/", packs.node, name="node"),
    path("detection/coverage/", coverage.coverage, name="coverage"),
    path("detection/health/", rule_health.rule_health, name="rule_health"),
    path("detection/filters/", tunings.tuning_list, name="tuning_list"),
    path("detection/filters/new", tunings.tuning_new, name="tuning_new"),
    path("detection/filters/<int:tuning_id>", tunings.tuning, name="tuning"),
]
