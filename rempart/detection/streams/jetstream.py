"""A durable pull consumer of NATS JetStream, asked for one batch at a time so that nothing piles up here.

The client of NATS lives in a loop of its own thread, so that it answers the server's pings while rules work.
The request for a batch is JetStream's own (ADR-37): the client's ``fetch`` bounds messages, not their bytes.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import threading
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy
from nats.js.errors import NotFoundError

from rempart.detection.streams.credentials import Credentials
from rempart.detection.streams.model import HELD, Message, StreamError
from rempart.detection.streams.places import Place

_CONNECT: Final = 10  # seconds
_PENDING: Final = 32_768  # messages given out and not acknowledged, of all workers together
_SLACK: Final = 2.0  # seconds beyond those that the server was given to answer
_TOKENS: Final = 9  # of a message's reply where no domain is told
_LOOKED: Final = 16  # acknowledged batches between two looks at what the server will not give again

T = TypeVar("T")


class JetStream:
    """A subscription to a stream, in our own durable name. Raises ``StreamError`` when it cannot be had."""

    def __init__(self, place: Place, credentials: Credentials) -> None:
        self._place = place
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="nats", daemon=True).start()
        self._came: list[Msg] = []
        self._wanted = 0
        self._over = asyncio.Event()
        self._floor: dict[str, int] = {}
        self._acknowledged = 0
        try:
            self._run(self._connect(credentials), _CONNECT * 3)
        except (OSError, NatsError, TimeoutError, concurrent.futures.TimeoutError) as error:
            self.close()
            raise StreamError(f"{self.name}: {_said(error)}") from None

    @property
    def name(self) -> str:
        """The stream, for people."""
        return f"nats:{self._place.name}"

    def fetch(self, count: int, seconds: float) -> list[Message]:
        """Up to ``count`` messages; none while the server is away (the client looks for it again)."""
        try:
            messages = self._run(self._fetch(count, seconds), seconds + 2 * _SLACK)
        except (NatsError, OSError, TimeoutError, concurrent.futures.TimeoutError):
            if self._client.is_closed:
                raise StreamError(f"{self.name}: the connection is closed") from None
            return []
        return [self._message(each) for each in messages]

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Acknowledge each, and wait until the server has read it all."""
        if not messages:
            return
        with suppress(NatsError, OSError, TimeoutError, concurrent.futures.TimeoutError):
            self._run(self._acknowledge([message.receipt for message in messages]), _CONNECT)

    def floors(self) -> Mapping[str, int]:
        """The sequence up to which the server has every acknowledgement, as last asked."""
        return self._floor

    def close(self) -> None:
        """Leave the server; the durable name and its place stay there."""
        client = getattr(self, "_client", None)
        if client is not None and not client.is_closed:
            with suppress(Exception):
                self._run(client.close(), _CONNECT)
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(seconds)
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise

    async def _connect(self, credentials: Credentials) -> None:
        place = self._place
        options: dict[str, Any] = {"user": credentials.user or None, "password": credentials.password or None}
        if credentials.token:
            options["token"] = credentials.token
        if credentials.jwt:
            options["user_jwt_cb"] = credentials.jwt.encode
            options["signature_cb"] = credentials.signer()
        if place.tls:
            options["tls"] = credentials.context()
        refused: list[Exception] = []

        async def told(error: Exception) -> None:
            refused.append(error)

        try:
            self._client: Client = await asyncio.wait_for(
                nats.connect(
                    [f"{'tls' if place.tls else 'nats'}://{server}" for server in place.servers],
                    name="rempart",
                    connect_timeout=_CONNECT,
                    allow_reconnect=len(place.servers) > 1,  # a first refusal is told at once
                    max_reconnect_attempts=1,
                    reconnect_time_wait=1,
                    error_cb=told,
                    **options,
                ),
                2 * _CONNECT,
            )
        except (NatsError, TimeoutError) as error:
            raise NatsError(_said(refused[-1] if refused else error)) from None
        # Known to be there, and to take us: it will come back.
        self._client.options |= {"allow_reconnect": True, "max_reconnect_attempts": -1}
        await self._subscribe()

    async def _subscribe(self) -> None:
        """Find the stream and our durable name, which is made when it is not there yet."""
        place, manager = self._place, self._client.jsm()
        try:
            stream = await manager.stream_info(place.name)
        except NotFoundError:
            raise StreamError(f"{self.name}: no such stream") from None
        try:
            consumer = await manager.consumer_info(place.name, place.group)
        except NotFoundError:
            consumer = await manager.add_consumer(place.name, self._asked())
        else:
            self._agree(consumer)
        self._lane = f"{self.name}@{_moment(stream.created)}/{place.group}@{_moment(consumer.created)}"
        self._note_floor(consumer)
        self._inbox = self._client.new_inbox()
        await self._client.subscribe(self._inbox, cb=self._receive)
        # A message larger than what a request allows would never be given.
        self._bytes = max(HELD, self._client.max_payload + 64 * 1024)

    def _asked(self) -> ConsumerConfig:
        place, start = self._place, self._place.start
        config = ConsumerConfig(
            durable_name=place.group,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=place.redeliver,
            max_deliver=-1,
            max_ack_pending=_PENDING,
            filter_subject=place.subject or None,
        )
        if start.kind == "new":
            config.deliver_policy = DeliverPolicy.NEW
        elif start.kind == "sequence":
            config.deliver_policy, config.opt_start_seq = (
                DeliverPolicy.BY_START_SEQUENCE,
                max(1, start.sequence),
            )
        elif start.kind == "moment":
            config.deliver_policy, config.opt_start_time = DeliverPolicy.BY_START_TIME, start.moment
        return config

    def _agree(self, consumer: ConsumerInfo) -> None:
        """A durable name made for something else is not taken over: events would be missed in silence."""
        config = consumer.config
        if config.ack_policy != AckPolicy.EXPLICIT or config.deliver_subject:
            raise StreamError(f"{self.name}: {self._place.group} is not a pull consumer with acknowledgement")
        if (config.filter_subject or "") != self._place.subject:
            raise StreamError(
                f"{self.name}: {self._place.group} was made for subject {config.filter_subject or 'any'}; "
                "choose another durable=NAME"
            )
        asked = self._asked()
        same = (config.opt_start_seq or None, config.opt_start_time) == (
            asked.opt_start_seq,
            asked.opt_start_time,
        )
        if self._place.start.kind in {"sequence", "moment"} and not same:
            raise StreamError(
                f"{self.name}: {self._place.group} already has its place; choose another durable=NAME to "
                "read again"
            )

    async def _receive(self, message: Msg) -> None:
        """A message, or the server's word that the request is over."""
        if message.reply.startswith("$JS.ACK."):
            self._came.append(message)
            if len(self._came) >= self._wanted:
                self._over.set()
        elif (message.headers or {}).get("Status", "") != "100":
            self._over.set()

    async def _fetch(self, count: int, seconds: float) -> list[Msg]:
        self._over.clear()
        self._wanted = count
        if len(self._came) < count:  # what came after its request was over is given now
            request = {"batch": count, "expires": int(seconds * 1e9), "max_bytes": self._bytes}
            subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._place.name}.{self._place.group}"
            await self._client.publish(subject, json.dumps(request).encode(), reply=self._inbox)
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._over.wait(), seconds + _SLACK)
        came, self._came = self._came, []
        return came

    def _message(self, message: Msg) -> Message:
        # $JS.ACK.[domain.account.]stream.consumer.delivered.sequence… (ADR-15): the client's ``metadata``
        # reads the rest as well, which costs as much as the rules.
        tokens = message.reply.split(".")
        sequence = int(tokens[5] if len(tokens) == _TOKENS else tokens[7])
        return Message(self.name, self._lane, sequence, message.data, message.reply)

    async def _acknowledge(self, replies: Sequence[str]) -> None:
        for reply in replies:
            await self._client.publish(reply, b"+ACK")
        await self._client.flush(_CONNECT)
        self._acknowledged += 1
        if self._acknowledged % _LOOKED == 0:
            self._note_floor(await self._client.jsm().consumer_info(self._place.name, self._place.group))

    def _note_floor(self, consumer: ConsumerInfo) -> None:
        if consumer.ack_floor is not None:
            self._floor[self._lane] = consumer.ack_floor.stream_seq


def _moment(value: Any) -> str:
    return value.isoformat() if value is not None else ""


def _said(error: BaseException) -> str:
    return str(error).removeprefix("nats: ") or type(error).__name__
