"""A scene for test_crash.py, in a process of its own: a worker killed again and again while it routes and
sends.

``python -m rempart.alerts.tests.crash KILLS SEED`` prepares an empty database, then, KILLS times: one more
body
becomes exposed, a forked worker runs and is killed (SIGKILL) after a random moment, and its claims end, as
their
leases would. A last worker finishes. What is left is printed as JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time

import django


def main(kills: int, seed: int) -> dict[str, object]:
    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from rempart.alerts import commands
    from rempart.alerts.models import Delivery
    from rempart.alerts.tests.conftest import build_world
    from rempart.kernel import outbox
    from rempart.kernel.worker import Worker

    call_command("migrate", verbosity=0, interactive=False)
    chance = random.Random(seed)
    world = build_world()
    bodies = []
    for _ in range(kills):
        bodies.append(world.body())
        world.expose(bodies[-1], settle=False)
        connections.close_all()
        child = os.fork()
        if child == 0:
            Worker().run()
            os._exit(0)
        time.sleep(chance.uniform(0.005, 0.35))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        outbox.release_claims()
        Delivery.objects.update(claimed_until=None)
    outbox.drain()
    while commands.deliver_due():
        pass
    return _left(bodies)


def _left(bodies: list[object]) -> dict[str, object]:
    from rempart.alerts.models import Delivery, Directive, Target
    from rempart.kernel import audit
    from rempart.kernel.models import OutboxEvent

    return {
        "exposed": len(bodies),
        "directives": Directive.objects.count(),
        "targets": Target.objects.count(),
        "bodies": Target.objects.values("body_id").distinct().count(),
        "delivered": Target.objects.filter(state="delivered").count(),
        "messages": list(Delivery.objects.filter(state="sent").values_list("message_id", flat=True)),
        "unsent": Delivery.objects.exclude(state="sent").count(),
        "events_left": OutboxEvent.objects.filter(dispatched_at__isnull=True).count(),
        "breaks": [str(found) for found in audit.verify()],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))
