"""Figures for Prometheus: how the platform does, never what it knows."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector

from rempart.kernel import audit, health, queries
from rempart.kernel.time import now


class _Platform:
    """Read from the database at each scrape, so that every web process answers the same."""

    def collect(self) -> Iterator[Metric]:
        backlog, counts, at = queries.backlog(), queries.job_counts(), now()
        age = (at - backlog.oldest).total_seconds() if backlog.oldest else 0.0
        yield GaugeMetricFamily("rempart_outbox_waiting", "Events not dispatched yet", backlog.waiting)
        yield GaugeMetricFamily(
            "rempart_outbox_parked", "Events whose reactions failed too often", backlog.parked
        )
        yield GaugeMetricFamily("rempart_outbox_oldest_seconds", "Age of the oldest event that waits", age)
        jobs = GaugeMetricFamily("rempart_jobs", "Jobs that wait, run or failed", labels=["state"])
        for state in ("READY", "RUNNING", "FAILED"):
            jobs.add_metric([state.lower()], counts.get(state, 0))
        yield jobs
        alive = sum(worker.alive for worker in queries.workers())
        yield GaugeMetricFamily("rempart_workers_alive", "Workers with a sign of life within a minute", alive)
        yield GaugeMetricFamily("rempart_audit_entries", "Entries of the audit trail", audit.head().seq)
        ready = float(health.database_ready())
        yield GaugeMetricFamily("rempart_database_ready", "1 when every migration is applied", ready)

    def describe(self) -> list[Metric]:
        return []  # known only by reading the database: nothing is read when the collector is registered


_registry = CollectorRegistry()
_registry.register(_Platform())
ProcessCollector(registry=_registry)


def exposition() -> bytes:
    """The figures in the text format of Prometheus 0.0.4."""
    return generate_latest(_registry)
