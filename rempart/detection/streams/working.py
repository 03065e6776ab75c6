"""``rempart detect nats://…``: a worker on streams, until SIGINT or SIGTERM."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from importlib import import_module
from itertools import islice
from pathlib import Path
from threading import Event
from typing import BinaryIO, Final, cast

from rich.console import Console
from rich.markup import escape

from rempart.detection import sending, summary
from rempart.detection.correlated import costs
from rempart.detection.outputs import STREAMED, Writer
from rempart.detection.scan import BATCH, Engines, Step, tally_of
from rempart.detection.streams import credentials
from rempart.detection.streams.ledger import Ledger
from rempart.detection.streams.model import Message, StreamError, Subscription
from rempart.detection.streams.places import Place, parse
from rempart.detection.streams.reading import events_of
from rempart.detection.tally import Tally

_WAIT: Final = 0.25  # seconds for messages to come together
_MODULES: Final = {"nats": ("jetstream", "JetStream"), "kafka": ("kafka", "Kafka")}
_CORRELATIONS: Final = (
    "[yellow]Corrélations : chaque commande ne suit que les événements qu’elle reçoit, et ses fenêtres "
    "ouvertes ne survivent pas à un arrêt ; n’en lancez qu’une par nom (durable, group).\n"
    "Correlations: each command follows only the events that it is given, and its open windows do not "
    "outlive a stop; start a single one of a name (durable, group).[/]"
)


def subscribe(address: str) -> Subscription:
    """A subscription to an address. Raises ``StreamError``."""
    place: Place = parse(address)
    module, name = _MODULES[place.kind]
    try:
        make = getattr(import_module(f"rempart.detection.streams.{module}"), name)
    except ImportError as error:
        raise StreamError(f"{place.kind}: {error.name}: ./dev setup streams") from None
    subscription: Subscription = make(place, credentials.read(place))
    return subscription


class Worker:
    """Subscriptions, the rules, and where findings go: the ledger, and a node too with ``outgoing``."""

    def __init__(
        self,
        engines: Engines,
        subscriptions: Sequence[Subscription],
        ledger: Ledger,
        make: Callable[[BinaryIO], Writer],
        outgoing: sending.Outgoing | None = None,
    ) -> None:
        self._engines = engines
        self._subscriptions = subscriptions
        self._ledger = ledger
        self._writer = make(cast("BinaryIO", ledger))
        self._outgoing = outgoing

    def steps(self, stopped: Event) -> Iterator[Step]:
        """Each batch, done to its acknowledgement; at the end, what correlations still held."""
        while not stopped.is_set():
            for subscription in self._subscriptions:
                messages = subscription.fetch(BATCH, _WAIT)
                if messages:
                    yield self._take(messages)
                    subscription.acknowledge(messages)
                    self._ledger.forget(subscription.floors())
        last = Step(self._engines.finish(), costs(self._engines.detector))
        self._commit(last, ())
        yield last

    def _take(self, messages: list[Message]) -> Step:
        fresh: dict[tuple[str, int], Message] = {}
        for message in messages:
            if not self._ledger.knows(message):
                fresh[message.lane, message.sequence] = message
        step = Step()
        events = events_of(list(fresh.values()), self._engines.settings.form, step.problems.append)
        count = BATCH
        while count == BATCH:
            count, findings = self._engines.take(islice(events, BATCH))
            step.events += count
            step.findings += findings
        self._commit(step, fresh.values())
        return step

    def _commit(self, step: Step, messages: Iterable[Message]) -> None:
        """The node first: it knows by its key what it is given again, and what is done comes no more."""
        if self._outgoing:
            for finding in step.findings:
                self._outgoing.add(finding)
            self._outgoing.flush()
        for finding in step.findings:
            self._writer.write(finding)
        self._ledger.commit(messages)


def run(
    engines: Engines,
    addresses: list[str],
    output: str,
    to: Path | None,
    to_node: sending.Destination | None,
    console: Console,
) -> Tally:
    """Work until SIGINT or SIGTERM, and count. Raises ``StreamError``, ``NotSent``, ``OSError``."""
    if engines.correlation_count:
        console.print(_CORRELATIONS, soft_wrap=True)
    tally = tally_of(engines, 0)
    stopped = Event()
    with ExitStack() as stack:
        ledger = Ledger(to)
        stack.callback(ledger.close)
        subscriptions = []
        for address in addresses:
            subscriptions.append(subscribe(address))
            stack.callback(subscriptions[-1].close)
        outgoing = None
        if to_node:
            wait = sending.until_stopped(stopped.is_set, stopped.wait)
            outgoing = stack.enter_context(closing(sending.Outgoing(to_node, wait=wait, tries=None)))
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        worker = Worker(engines, subscriptions, ledger, STREAMED[output], outgoing)
        for step in worker.steps(stopped):
            tally.events += step.events
            tally.trouble(step.problems)
            for problem in step.problems:
                console.print(escape(str(problem)), style="yellow", soft_wrap=True)
            for finding in step.findings:
                tally.add(finding)
    if outgoing:
        console.print(summary.sent(outgoing), soft_wrap=True)
    return tally
