"""The ten busiest pages under 20 concurrent users; then with a pause added to each database round trip.

Beside the elapsed times, what each page costs whatever else the machine does: its CPU time (the best of
several, in one process) and its round trips to the database.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

from benchmarks import government
from benchmarks.table import machine, show

PORT = 8190
USERS = 20
WARM_UP = 15  # every process has drawn every page, and the worker done what it owed
SECONDS = 75  # longer than anything is kept, so that all of it is drawn anew
REPEATS = 5
# (page, who)
PAGES = (
    ("/board/", "analyste"),
    ("/directives/", "analyste"),
    ("/exposures/?state=open", "analyste"),
    ("/vulnerabilities/", "analyste"),
    ("/vulnerabilities/CVE-2021-44228/", "analyste"),
    ("/assets/", "analyste"),
    ("/inbox/", "comsi"),
    ("/exposures/?state=open", "comsi"),
    ("/centres/cocd-sante/", "cocd"),
    ("/indicators/", "autorite"),
)


def run(options: argparse.Namespace) -> None:
    var = _prepared(options.bodies, options.assets)
    cookies = _sessions(var)
    costs = _costs(var, cookies)
    for added in (0.0, options.latency):
        _measure(var, cookies, costs, added, options)


def _prepared(bodies: int, assets: int) -> Path:
    """The government with its directives issued and their messages sent, kept for the next run."""
    var = government.HOME / f"pages-{bodies}-{assets}{'-postgresql' if government.ON_POSTGRESQL else ''}"
    done = var / "prepared"
    if not done.exists():
        var = government.copy_of(bodies, assets, var.name)
        log4shell = government.DATA / "cve" / "log4shell.jsonl"
        government.cli(var, "feeds", "load", str(log4shell), "--kind", "cve")
        government.cli(var, "feeds", "load", str(government.KEV), "--kind", "kev")
        government.cli(var, "drain")
        done.touch()
    government.cli(var, "init")  # made by an earlier version, it may lack the latest migrations
    return var


def _sessions(var: Path) -> dict[str, str]:
    """A signed-in session for each demo user: the pages are measured, not the sign-in."""
    code = (
        "from django.contrib.auth import BACKEND_SESSION_KEY as B, HASH_SESSION_KEY as H, SESSION_KEY as S\n"
        "from django.contrib.sessions.backends.db import SessionStore\n"
        "from django.conf import settings\n"
        "from rempart.kernel.models import User\n"
        "for who in ('analyste', 'comsi', 'cocd', 'autorite'):\n"
        "    user = User.objects.get(email=who + '@demo.rempart.test'); session = SessionStore()\n"
        "    session[S] = str(user.pk); session[B] = settings.AUTHENTICATION_BACKENDS[0]\n"
        "    session[H] = user.get_session_auth_hash(); session.save(); print(who, session.session_key)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "django", "shell", "--no-imports", "-c", code],
        env=government.environment(var), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(line.split() for line in done.stdout.splitlines())


def _costs(var: Path, cookies: dict[str, str]) -> dict[tuple[str, str], tuple[float, int]]:
    """CPU milliseconds and queries of each page, read again and again by one user in this process."""
    government.use(var)
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    settings.ALLOWED_HOSTS = ["testserver"]
    costs = {}
    for page, who in PAGES:
        client = Client()
        client.cookies[settings.SESSION_COOKIE_NAME] = cookies[who]
        client.get(page)
        best = float("inf")
        for _ in range(REPEATS):
            start = time.process_time()
            client.get(page)
            best = min(best, time.process_time() - start)
        with CaptureQueriesContext(connection) as queries:
            client.get(page)
        costs[page, who] = best * 1000, len(queries)
    return costs


def _measure(
    var: Path,
    cookies: dict[str, str],
    costs: dict[tuple[str, str], tuple[float, int]],
    added: float,
    options: argparse.Namespace,
) -> None:
    environment = government.environment(var)
    if added:
        environment |= {"DJANGO_SETTINGS_MODULE": "benchmarks.slow_database", "BENCH_LATENCY_MS": str(added)}
    started = [
        subprocess.Popen(
            [government.ROOT / ".venv" / "bin" / "rempart", *arguments],
            env=environment, cwd=government.ROOT, stderr=subprocess.DEVNULL,
        )
        for arguments in (
            ("serve", "--no-worker", "--port", str(PORT), "--processes", str(options.processes)), ("worker",),
        )
    ]  # fmt: skip
    try:
        _wait()
        first = _first(cookies)
        _load(cookies, WARM_UP)
        times = _load(cookies, SECONDS)
        web, worker = (_memory_mib(each.pid) for each in started)
    finally:
        for each in started:
            each.terminate()
            each.wait()
    rows = []
    for (page, who), values in times.items():
        ordered = sorted(values)
        p95 = ordered[int(len(ordered) * 0.95)]
        cpu, queries = costs[page, who]
        figures = (first[page, who], len(values), statistics.median(values), p95, cpu)
        rows.append((page, who, *(f"{each:.0f}" for each in figures), f"{queries}"))
    every = sorted(value for values in times.values() for value in values)
    rows.append(
        (
            "all",
            "",
            f"{max(first.values()):.0f}",
            f"{len(every)}",
            f"{statistics.median(every):.0f}",
            f"{every[int(len(every) * 0.95)]:.0f}",
            f"{statistics.mean(cpu for cpu, _ in costs.values()):.0f}",
            "",
        )
    )
    show(
        f"Pages, {options.bodies} bodies, {options.assets:,} assets, {USERS} users a second between pages, "
        f"{added:.0f} ms added to each database round trip, {options.processes} processes ({machine()}); "
        f"web {web:.0f} MiB, worker {worker:.0f} MiB",
        ("page", "as", "first, ms", "requests", "p50, ms", "p95, ms", "CPU, ms", "queries"),
        rows,
    )


def _wait() -> None:
    for _ in range(120):
        try:
            if httpx.get(f"http://localhost:{PORT}/healthz").status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.25)
    raise SystemExit("the server did not start")


def _first(cookies: dict[str, str]) -> dict[tuple[str, str], float]:
    """Milliseconds of each page's first answer, by a server that has just started."""
    times = {}
    with httpx.Client(base_url=f"http://localhost:{PORT}", timeout=60) as client:
        for page, who in PAGES:
            start = time.perf_counter()
            client.get(page, headers={"Cookie": f"rempart_session={cookies[who]}"}).raise_for_status()
            times[page, who] = (time.perf_counter() - start) * 1000
    return times


def _load(cookies: dict[str, str], seconds: float) -> dict[tuple[str, str], list[float]]:
    times: dict[tuple[str, str], list[float]] = {page: [] for page in PAGES}
    failures: list[str] = []
    until = time.monotonic() + seconds

    def user(number: int) -> None:
        turn = number
        with httpx.Client(base_url=f"http://localhost:{PORT}", timeout=60) as client:
            while time.monotonic() < until:
                page, who = PAGES[turn % len(PAGES)]
                start = time.perf_counter()
                answer = client.get(page, headers={"Cookie": f"rempart_session={cookies[who]}"})
                if answer.status_code != 200:
                    failures.append(f"{page} as {who}: {answer.status_code}")
                    return
                times[page, who].append((time.perf_counter() - start) * 1000)
                turn += 1
                time.sleep(1)

    threads = [threading.Thread(target=user, args=(number,)) for number in range(USERS)]
    for thread in threads:
        thread.start()
        time.sleep(1 / USERS)
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit("; ".join(sorted(set(failures))))
    return {page: values for page, values in times.items() if values}


def _memory_mib(pid: int) -> float:
    """Of a process and those it started, what they share counted once."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    own = int(next(line for line in rollup.splitlines() if line.startswith("Pss:")).split()[1]) / 1024
    return own + sum(_memory_mib(int(child)) for child in children)
