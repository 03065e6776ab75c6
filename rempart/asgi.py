"""The web application: live updates on the event loop, every other request in a pool of threads."""

from __future__ import annotations

import gc
import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rempart.settings.base")

from a2wsgi import WSGIMiddleware
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.urls import reverse

from rempart.settings import environment as env

# On SQLite a page waits for nothing but the processor: more threads only slow each other.
_THREADS = 4 if connection.vendor == "postgresql" else 2

_live = get_asgi_application()
_pages = WSGIMiddleware(get_wsgi_application(), workers=env.whole("REMPART_THREADS", _THREADS))
reverse("healthz")  # every page is imported before the first is asked for
gc.collect()
gc.freeze()  # what lives as long as the process is not gone through again at each collection


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """ASGI entry: ``/live/`` keeps connections open, so it must not hold a thread."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    target: Any = _live if scope["path"].startswith("/live/") else _pages
    await target(scope, receive, send)
