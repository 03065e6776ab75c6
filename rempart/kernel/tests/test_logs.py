"""Logs say what happened, and to no one in particular."""

from __future__ import annotations

import io
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.kernel import logs
from rempart.kernel.signing import make_link_token
from rempart.kernel.time import now

pytestmark = pytest.mark.any_database


@pytest.fixture
def lines():
    root, handlers, level = logging.getLogger(), logging.getLogger().handlers, logging.getLogger().level
    logs.configure({"level": "INFO", "format": "json"})
    stream = io.StringIO()
    root.handlers[0].setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, root.level = handlers, level


def test_a_line_is_one_json_object(lines):
    logging.getLogger("rempart.test").info("import %s applied", 12)
    (line,) = lines()
    assert line["event"] == "import 12 applied"
    assert {"level", "logger", "timestamp"} <= line.keys()


def test_addresses_tokens_keys_and_links_are_withheld_in_messages_and_tracebacks(lines):
    from datetime import timedelta

    link = make_link_token("alerts.acknowledge", {"target": 12}, now() + timedelta(days=1))
    secrets = ["anne.tremblay@exemple.gouv.test", "rmp_" + "a" * 43, "whsec_" + "b" * 44, link]
    log = logging.getLogger("rempart.test")
    for secret in secrets:
        log.warning("refused %s", secret)
        log.warning("Not Found: /a/%s/", secret)
        try:
            raise ValueError(f"Key (email)=({secret}) already exists.")
        except ValueError:
            log.exception("failed")
    text = json.dumps(lines())
    assert len(lines()) == 12
    for secret in secrets:
        assert secret not in text


def test_keys_that_name_someone_are_withheld_at_any_depth():
    event = {
        "event": "x",
        "user": {"name": "Anne", "id": 3},
        "rows": [{"Email": "a@b.ca"}],
        "new_password": "p",
    }
    cleaned = logs._withhold(None, "", event)
    assert cleaned["user"] == {"name": "[withheld]", "id": 3}
    assert cleaned["rows"] == [{"Email": "[withheld]"}]
    assert cleaned["new_password"] == "[withheld]"


@given(text=st.text(alphabet="a-.@:_%", max_size=3000))
def test_no_text_makes_the_cleaning_slow_or_fail(text):
    assert isinstance(logs._clean("event", text), str)
