"""The pages of directives: the command centre's, the operational centres', the bodies', and signed links."""

from __future__ import annotations

from django.urls import path

from rempart.alerts.pages import (
    centres,
    deliveries,
    directives,
    inbox,
    issuing,
    ladder,
    links,
    respond,
    rules,
    sections,
    targets,
)

sections.install()

urlpatterns = [
    path("directives/", directives.directive_list, name="directive_list"),
    path("directives/new/", issuing.directive_new, name="directive_new"),
    path("directives/rules/", rules.alert_rule_list, name="alert_rule_list"),
    path("directives/rules/new/", rules.alert_rule_new, name="alert_rule_new"),
    path("directives/rules/<int:alert_rule_id>/", rules.alert_rule, name="alert_rule"),
    path("directives/ladder/", ladder.escalation_ladder, name="escalation_ladder"),
    path("directives/<str:number>/", directives.directive, name="directive"),
    path("directives/<str:number>/cancel/", directives.directive_cancel, name="directive_cancel"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("respond/", respond.respond, name="respond"),
    path("targets/", targets.target_list, name="target_list"),
    path("targets/<int:target_id>/", targets.target, name="target"),
    path("targets/<int:target_id>/<slug:action>/", targets.target_act, name="target_act"),
    path("centres/", centres.centre_list, name="centre_list"),
    path("centres/<slug:code>/", centres.centre, name="centre"),
    path("bodies/<slug:code>/directives/", directives.body_directives, name="body_directives"),
    path("deliveries/", deliveries.delivery_list, name="delivery_list"),
    path("deliveries/<int:delivery_id>/retry/", deliveries.delivery_retry, name="delivery_retry"),
    path("acknowledge/<str:token>/", links.acknowledge, name="acknowledge"),
]
