"""A member of a consumer group of a Kafka-protocol broker, through librdkafka."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka import Message as Record
from confluent_kafka.admin import AdminClient

from rempart.detection.streams.credentials import Credentials
from rempart.detection.streams.model import HELD, Message, StreamError
from rempart.detection.streams.places import Place

_ANSWER: Final = 10.0  # seconds for a broker to answer
_TAKEN: Final = 64  # messages taken at once from the client's queue
_NOWHERE: Final = -1001  # librdkafka's offset of a group that has none
# Errors after which the client goes on by itself.
_PASSING: Final = frozenset(
    [KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._RESOLVE]
)
# What a broker refuses, or we refuse of it, before it says anything of a topic.
_REFUSALS: Final = frozenset([KafkaError._SSL, KafkaError._AUTHENTICATION])


class Kafka:
    """A subscription to a topic in our group. Raises ``StreamError`` when it cannot be had."""

    def __init__(self, place: Place, credentials: Credentials) -> None:
        self._place = place
        self._floor: dict[str, int] = {}
        common = _settings(place, credentials)
        try:
            self._made = self._identity(common)
            self._consumer = Consumer(
                {
                    **common,
                    "group.id": place.group,
                    "enable.auto.commit": False,
                    "auto.offset.reset": "latest" if place.start.kind == "new" else "earliest",
                    "isolation.level": "read_committed",
                    "session.timeout.ms": max(6, place.redeliver) * 1000,
                    "heartbeat.interval.ms": 2000,
                    "max.poll.interval.ms": 600_000,
                    "queued.max.messages.kbytes": HELD // 1024,
                    "fetch.message.max.bytes": 1024 * 1024,
                    "fetch.max.bytes": HELD,
                }
            )
            self._consumer.subscribe([place.name], on_assign=self._assigned)
        except KafkaException as error:
            raise StreamError(f"{self.name}: {_said(error)}") from None

    @property
    def name(self) -> str:
        """The topic, for people."""
        return f"kafka:{self._place.name}"

    def fetch(self, count: int, seconds: float) -> list[Message]:
        """Up to ``count`` messages; none while the brokers are away (the client looks for them again)."""
        end = time.monotonic() + seconds
        found: list[Message] = []
        held = 0
        while len(found) < count and held < HELD and (left := end - time.monotonic()) > 0:
            records = self._consumer.consume(min(_TAKEN, count - len(found)), left)
            if not records:
                break
            for record in records:
                error = record.error()
                if error is None:
                    message = self._message(record)
                    found.append(message)
                    held += len(message.data)
                elif error.code() not in _PASSING:
                    raise StreamError(f"{self.name}: {error.str()}")
        return found

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Commit each partition past the last of these. A group that changed meanwhile refuses: what it then
        gives again is known as done.
        """
        last: dict[int, Message] = {}
        for message in messages:
            partition: int = message.receipt
            if partition not in last or last[partition].sequence < message.sequence:
                last[partition] = message
        if not last:
            return
        places = [TopicPartition(self._place.name, one, each.sequence + 1) for one, each in last.items()]
        with suppress(KafkaException):
            self._consumer.commit(offsets=places, asynchronous=False)
            self._floor.update((each.lane, each.sequence) for each in last.values())

    def floors(self) -> Mapping[str, int]:
        """The offsets committed."""
        return self._floor

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    def _identity(self, common: dict[str, Any]) -> str:
        """What tells this topic from one made anew under its name: identifiers of the cluster and of it."""
        told: list[KafkaError] = []
        admin = AdminClient({**common, "error_cb": told.append})
        try:
            topics = admin.list_topics(self._place.name, timeout=_ANSWER)
        except KafkaException as error:
            admin.poll(0)  # the client's own errors say why: a certificate, a password
            told.sort(key=lambda one: one.code() not in _REFUSALS)
            why = [one.str() for one in told if one.code() != KafkaError._ALL_BROKERS_DOWN]
            raise StreamError(f"{self.name}: {(why or [_said(error)])[0]}") from None
        known = topics.topics.get(self._place.name)
        if known is None or known.error is not None:
            raise StreamError(
                f"{self.name}: {known.error.str() if known and known.error else 'no such topic'}"
            )
        about = ""
        with suppress(KafkaException):  # brokers before 2.8 give topics no identifier
            described = admin.describe_topics(TopicCollection([self._place.name]), request_timeout=_ANSWER)
            about = str(described[self._place.name].result().topic_id or "")
        return f"{topics.cluster_id}/{about}/{self._place.group}"

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Partitions that the group has no offset for begin where the address says."""
        start = self._place.start
        if start.kind in {"first", "new"}:
            return
        known = consumer.committed(partitions, timeout=_ANSWER)
        missing = [one for one in known if one.offset == _NOWHERE]
        if start.kind == "moment" and start.moment and missing:
            asked = [
                TopicPartition(one.topic, one.partition, int(start.moment.timestamp() * 1000))
                for one in missing
            ]
            missing = consumer.offsets_for_times(asked, timeout=_ANSWER)
        else:
            for one in missing:
                one.offset = start.sequence
        begun = {one.partition: one for one in missing}
        consumer.assign([begun.get(one.partition, one) for one in known])

    def _message(self, record: Record) -> Message:
        partition = record.partition() or 0
        stream = f"{self.name}/{partition}"
        return Message(
            stream, f"{stream}@{self._made}", record.offset() or 0, record.value() or b"", receipt=partition
        )


def _settings(place: Place, credentials: Credentials) -> dict[str, Any]:
    found: dict[str, Any] = {
        "bootstrap.servers": ",".join(place.servers),
        "client.id": "rempart",
        "log_level": 0,  # errors come with messages; the client's own log would mix with ours
        "allow.auto.create.topics": False,
    }
    secured = "SASL_" if credentials.password else ""
    found["security.protocol"] = f"{secured}SSL" if place.tls else f"{secured}PLAINTEXT"
    if credentials.password:
        found |= {
            "sasl.mechanism": place.sasl,
            "sasl.username": credentials.user,
            "sasl.password": credentials.password,
        }
    if place.tls:
        found["ssl.endpoint.identification.algorithm"] = "https"
        named = {
            "ssl.ca.location": credentials.authority,
            "ssl.certificate.location": credentials.certificate,
            "ssl.key.location": credentials.key,
        }
        found |= {option: value for option, value in named.items() if value}
    return found


def _said(error: KafkaException) -> str:
    cause = error.args[0] if error.args else error
    return str(cause.str()) if isinstance(cause, KafkaError) else str(cause)
