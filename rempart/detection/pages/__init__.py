"""Pages of the library of rules."""

from django.urls import path

from rempart.detection.pages import rules

urlpatterns = [
    path("detection/rules/", rules.rule_list, name="rule_list"),
]
