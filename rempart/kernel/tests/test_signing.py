from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.kernel.signing import (
    LinkExpired,
    LinkOfAnotherPurpose,
    LinkTampered,
    SignatureRefused,
    make_link_token,
    new_secret,
    read_link_token,
    sign_webhook,
    verify_webhook,
)

pytestmark = pytest.mark.any_database

NOW = datetime(2026, 6, 22, 14, tzinfo=UTC)
OLD, NEW = new_secret(), new_secret()


def test_a_published_vector_of_the_specification_is_reproduced():
    headers = sign_webhook(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        datetime.fromtimestamp(1614265330, UTC),
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_either_secret_of_a_rotation_verifies():
    headers = sign_webhook([NEW, OLD], "msg_1", b"{}", NOW)
    for secret in (OLD, NEW):
        assert verify_webhook([secret], headers, b"{}", NOW + timedelta(minutes=4)) == "msg_1"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"webhook-id": "msg_2"}, "mismatch"),
        ({"webhook-id": ""}, "missing"),
        ({"webhook-timestamp": "soon"}, "malformed"),
        ({"webhook-timestamp": "²"}, "malformed"),
        ({"webhook-timestamp": "1"}, "stale"),
        ({"webhook-signature": "v1,"}, "mismatch"),
        ({"webhook-signature": "v1,é"}, "mismatch"),
    ],
)
def test_an_altered_webhook_is_refused(change, code):
    headers = sign_webhook([NEW], "msg_1", b"{}", NOW) | change
    with pytest.raises(SignatureRefused) as refusal:
        verify_webhook([NEW], headers, b"{}", NOW)
    assert refusal.value.code == code


@pytest.mark.parametrize("secrets", [[], ["whsec_c2hvcnQ="], ["whsec_é"]])
def test_a_useless_secret_is_refused(secrets):
    with pytest.raises(ValueError, match="secret"):
        sign_webhook(secrets, "msg_1", b"", NOW)


def test_an_ambiguous_message_id_is_refused():
    with pytest.raises(ValueError, match="dot"):
        sign_webhook([NEW], "msg.1", b"", NOW)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_a_signature_binds_the_body(signed, received):
    headers = sign_webhook([NEW], "msg_1", signed, NOW)
    if signed == received:
        assert verify_webhook([NEW], headers, received, NOW) == "msg_1"
    else:
        with pytest.raises(SignatureRefused):
            verify_webhook([NEW], headers, received, NOW)


def test_a_link_serves_its_purpose_until_it_expires():
    token = make_link_token("acknowledge", {"directive": 7}, NOW)
    assert read_link_token("acknowledge", token, NOW - timedelta(seconds=1)) == {"directive": 7}
    with pytest.raises(LinkExpired) as refusal:
        read_link_token("acknowledge", token, NOW)
    assert refusal.value.expired_at == NOW


def test_a_link_of_another_purpose_is_named_as_such():
    token = make_link_token("digest", {"person": 1}, NOW)
    with pytest.raises(LinkOfAnotherPurpose):
        read_link_token("acknowledge", token, NOW - timedelta(days=1))


@given(st.text(max_size=80))
def test_any_other_token_is_tampered(token):
    with pytest.raises(LinkTampered):
        read_link_token("acknowledge", token)


def test_a_token_with_one_letter_changed_or_too_long_is_tampered():
    token = make_link_token("acknowledge", {"directive": 7}, NOW)
    for altered in ("x" + token[1:], token[:-1] + ("A" if token[-1] != "A" else "B"), token * 100):
        with pytest.raises(LinkTampered):
            read_link_token("acknowledge", altered)


def test_a_link_needs_a_zoned_expiry_and_a_short_payload():
    with pytest.raises(ValueError, match="time zone"):
        make_link_token("acknowledge", {}, datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="characters"):
        make_link_token("acknowledge", {"text": "x" * 5000}, NOW)
