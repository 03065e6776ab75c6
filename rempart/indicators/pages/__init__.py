"""The pages of indicators."""

from __future__ import annotations

from django.urls import path

from rempart.indicators.pages import views

urlpatterns = [
    path("indicators/", views.indicators, name="indicators"),
    path("indicators/report.pdf", views.report, name="indicator_report"),
    path("indicators/<slug:code>/", views.indicator, name="indicator"),
]
