"""Responses at work: each once for a detection, within its hour's limit, and taken back when asked.

What another system must do goes by signed webhook, at least once and always under the same id, which
receivers of Standard Webhooks keep. The rest is done in the transaction that notes it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from rempart.alerts import commands as alerts
from rempart.detection.models import Detection, Level, Response, ResponseAction
from rempart.engines.priority import Outcome
from rempart.kernel import walls
from rempart.kernel.actors import system
from rempart.kernel.errors import DomainError
from rempart.kernel.http import HttpRefused, HttpUnavailable, post_webhook
from rempart.kernel.time import now

log = logging.getLogger("rempart.responses")

Kind, Mode, S = Response.Kind, Response.Mode, ResponseAction.State
MAX_FAILURES = 8
_LEASE = timedelta(minutes=2)
_HOUR = timedelta(hours=1)
_BATCH = 20
_SUBJECT = 1_000
_ACTOR = system("detection")
# (priority of the directive, how long it gives), by the level of the detection.
_DELAYS = {
    Level.CRITICAL: (Outcome.ACT_NOW, timedelta(days=1)),
    Level.HIGH: (Outcome.OUT_OF_CYCLE, timedelta(days=3)),
}
_OTHERWISE = (Outcome.SCHEDULED, timedelta(days=14))


def meets(response: Response, detection: Detection) -> bool:
    """Whether a detection is at or above the level and the count, and of a rule that the response names."""
    rules = response.rules.split()
    return (
        detection.level >= response.level
        and detection.count >= response.least_count
        and (not rules or detection.rule_id in rules)
    )


def subject_of(response: Response, detection: Detection) -> str:
    """What the response acts upon: a value to block, an account, a host; the rule, for a directive."""
    if response.kind == Kind.DIRECTIVE:
        return detection.rule_title
    name = {Kind.DISABLE_ACCOUNT: "user", Kind.ISOLATE_HOST: "host"}.get(Kind(response.kind), response.field)
    if name in {"host", "user"}:
        return str(getattr(detection, name))[:_SUBJECT]
    value = detection.sample.get(name)
    if value is None:
        value = next((one["value"] for one in detection.matched if one["field"] == name), "")
    # One entry of a list is one line.
    return " ".join(str(value).split())[:_SUBJECT] if isinstance(value, str | int) else ""


def describe(response: Response, detection: Detection, *, undo: bool = False) -> dict[str, Any]:
    """The subject of an action, and its whole document: what is sent, or would be."""
    subject = subject_of(response, detection)
    told: dict[str, Any] = {
        "action": f"{response.kind}{'.undo' if undo else ''}",
        "subject": subject,
        "response": response.pk,
        "detection": {
            "id": detection.pk,
            "rule_id": detection.rule_id,
            "rule_title": detection.rule_title,
            "level": Level(detection.level).name.lower(),
            "count": detection.count,
            "first_at": detection.first_at.isoformat() if detection.first_at else None,
            "host": detection.host,
            "user": detection.user,
        },
    }
    if response.kind == Kind.DIRECTIVE:
        told["directive"] = _words(detection)
    return {"subject": subject, "document": told}


@transaction.atomic
def respond(body_id: int, detection_ids: Iterable[int]) -> int:
    """Answers detections that are new or grew, as their body authorised; returns how many actions it took.

    An action is made once for a response and a detection: called again, it finds it there.
    """
    responses = list(
        Response.objects.select_for_update().filter(body_id=body_id).exclude(mode=Mode.OFF).order_by("pk")
    )
    if not responses:
        return 0
    rows = list(
        Detection.objects.select_related("sighting").filter(
            body_id=body_id, pk__in=list(detection_ids), level__gte=min(one.level for one in responses)
        ).order_by("pk")
    )  # fmt: skip
    done = set(
        ResponseAction.objects.filter(detection__in=rows, response__in=responses).values_list(
            "response_id", "detection_id", "dry"
        )
    )
    made = 0
    for response in responses:
        dry = response.mode == Mode.DRY
        for row in rows:
            if (response.pk, row.pk, dry) in done or not meets(response, row):
                continue
            action = ResponseAction(
                body_id=body_id, response=response, detection=row, dry=dry, state=S.DRY, at=now(),
                **describe(response, row),
            )  # fmt: skip
            action.save()
            made += 1
            if not dry:
                act(action)
    return made


def act(action: ResponseAction, *, by_person: bool = False) -> None:
    """Does what an action says, or has it wait: to be sent as a webhook, or for a person past the limit."""
    at = now()
    response = action.response
    if not action.subject:
        _settle(action, S.FAILED, "no_subject")
        return
    if response.kind == Kind.BLOCK and _blocking(action).exists():
        _settle(action, S.DONE, "")  # it is on the list already: nothing of the hour's limit is used
        return
    if not by_person:
        counted = response.actions.filter(dry=False, counted_at__gt=at - _HOUR).count()
        if counted >= response.per_hour:
            _settle(action, S.LIMITED, "limit")
            return
    action.counted_at = at
    if response.kind == Kind.BLOCK:
        _settle(action, S.DONE, "")
    elif response.kind == Kind.DIRECTIVE:
        _issue(action)
    else:
        _queue(action, S.PENDING)


def settle_undo(action: ResponseAction) -> None:
    """Takes back what an action did, or has the webhook that does so wait to be sent."""
    at = now()
    if action.response.kind == Kind.BLOCK:
        # The value leaves the list, whatever detections put it there.
        _blocking(action).update(
            state=S.UNDONE, undone_at=at, undone_by=action.undone_by_id, undo_reason=action.undo_reason
        )
        action.undone_at = at
        _settle(action, S.UNDONE, "")
    elif action.response.kind == Kind.DIRECTIVE:
        _cancel(action)
    else:
        _queue(action, S.UNDOING)


def _queue(action: ResponseAction, state: S) -> None:
    """Has a webhook wait to be sent, now and with all its tries."""
    action.failures, action.next_attempt_at, action.claimed_until = 0, now(), None
    _settle(action, state, "")


def _blocking(action: ResponseAction) -> QuerySet[ResponseAction]:
    """The other actions of the same response that keep the same value on the list."""
    same = action.response.actions.filter(dry=False, state=S.DONE, subject=action.subject)
    return same.exclude(pk=action.pk)


def _settle(action: ResponseAction, state: S, answer: str) -> None:
    action.state, action.answer = state, answer
    if state == S.DONE:
        action.done_at = now()
    action.save()


def _words(detection: Detection) -> dict[str, str]:
    """A directive's texts. Centres read them: nothing is in them but what leaves the body anyway."""
    seen = detection.sighting
    names = " ".join(name for name in (seen.host, seen.user) if name) or "–"
    first = seen.first_at.strftime("%Y-%m-%d %H:%M UTC") if seen.first_at else "–"
    return {
        "title_fr": f"Détection\u00a0: {seen.rule_title}"[:300],
        "title_en": f"Detection: {seen.rule_title}"[:300],
        "text_fr": f"La règle «\u00a0{seen.rule_title}\u00a0» ({seen.rule_id}) a vu {seen.count} événements "
        f"depuis {first}. Hôte et compte, sous pseudonymes\u00a0: {names}. La réponse automatique de "
        "l’organisme a ouvert cette directive.",
        "text_en": f"The rule “{seen.rule_title}” ({seen.rule_id}) saw {seen.count} events since {first}. "
        f"Host and account, under pseudonyms: {names}. The body's automatic response opened this directive.",
    }


def _issue(action: ResponseAction) -> None:
    """Opens a directive for the body alone, in the name of the platform."""
    priority, delay = _DELAYS.get(Level(action.detection.level), _OTHERWISE)
    try:
        with walls.lifted(), transaction.atomic():
            action.directive = alerts.issue_directive(
                _ACTOR, audience="portfolio", portfolio_id=action.body_id, priority=priority,
                due_at=now() + delay, **_words(action.detection),
            )  # fmt: skip
    except DomainError as error:
        _settle(action, S.FAILED, error.code)
    else:
        _settle(action, S.DONE, action.directive.number)


def _cancel(action: ResponseAction) -> None:
    """Withdraws the directive, with a reason that says nothing of the body's own words."""
    try:
        with walls.lifted(), transaction.atomic():
            alerts.cancel_directive(
                _ACTOR, directive_id=action.directive_id or 0,
                reason="Réponse automatique annulée par l’organisme · Automatic response undone by the body",
            )  # fmt: skip
    except DomainError as error:
        _settle(action, S.UNDO_FAILED, error.code)
    else:
        action.undone_at = now()
        _settle(action, S.UNDONE, action.answer)


def send_due() -> int:
    """Sends the webhooks that are due, a few; returns how many were tried."""
    at = now()
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=at)
    due = ResponseAction.objects.filter(free, state__in=[S.PENDING, S.UNDOING], next_attempt_at__lte=at)
    tried = 0
    for action_id in list(due.order_by("next_attempt_at", "pk").values_list("pk", flat=True)[:_BATCH]):
        claimed = due.filter(pk=action_id).update(claimed_until=at + _LEASE)
        if claimed:
            tried += 1
            _send(ResponseAction.objects.select_related("response", "detection").get(pk=action_id))
    return tried


def _send(action: ResponseAction) -> None:
    undo = action.state == S.UNDOING
    message_id = f"rsp-{action.pk}-{'undo' if undo else 'do'}"
    body = orjson.dumps(
        {
            "specversion": "1.0",
            "id": message_id,
            "source": settings.PUBLIC_URL,
            "type": f"rempart.response.{action.response.kind}{'.undo' if undo else ''}",
            "time": action.at.isoformat(),
            "datacontenttype": "application/json",
            "data": describe(action.response, action.detection, undo=undo)["document"]
            | {"subject": action.subject},
        }
    )
    try:
        answer = post_webhook(action.response.url, action.response.secret, message_id, body)
    except HttpRefused:
        _after(action, undo, "refused", final=True)
    except HttpUnavailable:
        _after(action, undo, "unreachable")
    else:
        _after(action, undo, f"HTTP {answer.status}", accepted=answer.accepted, final=answer.status == 410)


def _after(
    action: ResponseAction, undo: bool, answer: str, *, accepted: bool = False, final: bool = False
) -> None:
    """Notes what became of a webhook, unless another worker took it meanwhile."""
    at, failures = now(), action.failures + 1
    changes: dict[str, Any] = {"answer": answer, "claimed_until": None}
    if accepted:
        changes |= {"state": S.UNDONE, "undone_at": at} if undo else {"state": S.DONE, "done_at": at}
    elif final or failures >= MAX_FAILURES:
        changes |= {"state": S.UNDO_FAILED if undo else S.FAILED, "failures": failures}
    else:
        wait = timedelta(seconds=min(5 * 2**failures, 3600))
        changes |= {"next_attempt_at": at + wait, "failures": failures}
    ResponseAction.objects.filter(
        pk=action.pk, state=action.state, claimed_until=action.claimed_until
    ).update(**changes)
    if not accepted:
        log.warning("response action %s not accepted, time %s", action.pk, failures)
