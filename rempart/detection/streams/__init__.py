"""Events from message brokers, JetStream (NATS) and Kafka's protocol: given at least once, told once."""

from rempart.detection.streams.places import is_stream

__all__ = ["is_stream"]
