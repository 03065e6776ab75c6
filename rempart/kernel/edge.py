"""What every page and API route is declared with. A view without a declaration is refused to everyone."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse

from rempart.kernel import walls
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission

View = Callable[..., Any]


class ActorRequest(HttpRequest):
    """A request whose actor is known (set by the ``SignedIn`` middleware or the API's authentication)."""

    actor: Actor


def page(*permissions: Permission) -> Callable[[View], View]:
    """A page or route for who holds one of these rights somewhere; rows are scoped by queries."""
    if not permissions:
        raise ValueError("a page names the rights that open it; see signed_in and public")

    def declare(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: ActorRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not any(request.actor.may(permission) for permission in permissions):
                request.actor.require(permissions[0])
            with walls.within(request.actor):
                return _walled(view(request, *args, **kwargs), request.actor)

        guarded.required_permissions = permissions  # type: ignore[attr-defined]
        # The API reads the annotations: they are resolved here, where the view's own names are known.
        guarded.__signature__ = inspect.signature(view, eval_str=True)  # type: ignore[attr-defined]
        return guarded

    return declare


def _walled(answer: Any, actor: Actor) -> Any:
    """An answer that is sent little by little still reads while the view is over."""
    if isinstance(answer, StreamingHttpResponse) and not answer.is_async:
        chunks = iter(answer.streaming_content)

        def sent() -> Iterator[bytes]:
            with walls.within(actor):
                yield from chunks

        answer.streaming_content = sent()
    return answer


def signed_in(view: View) -> View:
    """A page that every signed-in person has (their own account, their own messages)."""
    if inspect.iscoroutinefunction(view):
        view.required_permissions = ()  # type: ignore[attr-defined]
        return view

    @functools.wraps(view)
    def guarded(request: ActorRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with walls.within(request.actor):
            return _walled(view(request, *args, **kwargs), request.actor)

    guarded.required_permissions = ()  # type: ignore[attr-defined]
    return guarded


def public(view: View) -> View:
    """A page for anyone (sign-in, health, signed links)."""
    view.public = True  # type: ignore[attr-defined]
    return view
