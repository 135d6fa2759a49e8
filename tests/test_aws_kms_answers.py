"""What AWS KMS answers when it fails, in its own words, and what that means here.

Moto denies nothing, and opens also what a disabled key wrapped: so a proxy before it answers.
"""

import asyncio
import base64
from functools import partial
from itertools import product

import pytest

from connector_vault.errors import Corrupt, KeysDenied, KeysUnavailable, Misconfigured
from connector_vault.keys import Raw, Wrapped, open_keys
from tests.deeds import until
from tests.kms import LASTING, relaying, server, told

DEK = bytes(range(32))
CONTEXT = b"somewhere"
METHODS = {"wrap": "Encrypt", "unwrap": "Decrypt", "rewrap": "ReEncrypt"}

UNAVAILABLE = [
    (400, "ThrottlingException", "You have exceeded the rate at which you may call KMS."),
    (429, "TooManyRequestsException", "Too many requests"),
    (500, "KMSInternalException", ""),
    (500, "KeyUnavailableException", ""),
    (503, "DependencyTimeoutException", ""),
    (503, "ServiceUnavailableException", ""),
    (502, "", "Bad gateway"),
    (429, "", "Slow down"),
]
NO = "is not authorized to perform: kms:Decrypt on resource"
DENIED = [
    (400, "AccessDeniedException", f"User: arn:aws:iam::111122223333:user/ada {NO}: {LASTING}"),
    (400, "DisabledException", f"{LASTING} is disabled."),
    (400, "KMSInvalidStateException", f"{LASTING} is pending deletion."),
    (400, "ExpiredTokenException", "The security token included in the request is expired"),
    (400, "UnrecognizedClientException", "The security token included in the request is invalid."),
    (400, "InvalidSignatureException", "Signature expired: 20260101T000000Z is now earlier than"),
    (403, "MissingAuthenticationTokenException", ""),
    (403, "", "Forbidden"),
]
MISCONFIGURED = [
    (400, "NotFoundException", f"Key '{LASTING}' does not exist"),
    (400, "NotFoundException", "Invalid arn eu-west-1"),
    (400, "InvalidArnException", ""),
    (400, "InvalidKeyUsageException", f"{LASTING} key usage is SIGN_VERIFY"),
    (400, "ValidationException", "1 validation error detected"),
    (404, "", "Not found"),
    (302, "", "Moved"),
]
NONSENSE = [
    b"",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n<html>Log in!</html>",
    b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n<html>cut off",
    b'HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{"Plaintext":"\xff"}',
    b'HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{"Plaintext":"a"}',
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
    b"SSH-2.0-OpenSSH_9.2\r\n",
]


@pytest.fixture(autouse=True)
def _hasty(monkeypatch):
    with told():
        server()
        monkeypatch.setattr("connector_vault.keys.aws_kms.calls._PAUSES", (0.0, 0.0))
        yield


@pytest.fixture
async def relay():
    async with relaying(server()) as relay:
        yield relay


@pytest.fixture
async def holder(relay):
    holder = open_keys(f"aws-kms://{LASTING}?endpoint={relay.url}")
    yield holder
    await holder.close()


@pytest.fixture
async def item(holder):
    (key,) = await holder.wrap([Raw(bytearray(DEK), CONTEXT)])
    return Wrapped(key, CONTEXT)


@pytest.mark.parametrize(
    ("kind", "answers"),
    [(KeysUnavailable, UNAVAILABLE), (KeysDenied, DENIED), (Misconfigured, MISCONFIGURED)],
)
async def test_an_answer_means_one_thing(relay, holder, item, kind, answers):
    asked = {
        "DescribeKey": holder.health,
        "Decrypt": partial(holder.unwrap, [item]),
        "ReEncrypt": partial(holder.rewrap, [item]),
        "Encrypt": partial(holder.wrap, [Raw(bytearray(DEK), CONTEXT)]),
    }

    for (action, ask), (status, code, message) in product(asked.items(), answers):
        relay.fail(action, status, code, message)
        relay.fail("Encrypt", status, code, message)
        with pytest.raises(kind, match=f"refuses {action} for {LASTING}") as caught:
            await ask()
        assert type(caught.value) is kind
        assert not message or message not in str(caught.value)


@pytest.mark.parametrize("code", ["InvalidCiphertextException", "IncorrectKeyException"])
@pytest.mark.parametrize("method", ["unwrap", "rewrap"])
async def test_what_was_altered_is_corrupt_and_its_neighbours_are_good(
    relay, holder, item, method, code
):
    relay.fail(METHODS[method], 400, code, times=1)

    answers = await getattr(holder, method)([item, item, item])

    assert sum(isinstance(answer, Corrupt) for answer in answers) == 1


@pytest.mark.parametrize("method", ["unwrap", "rewrap"])
async def test_one_item_that_is_denied_was_altered_if_another_is_not_denied(
    relay, holder, item, method
):
    """KMS denies what names a key that it does not know, or that nobody may use."""
    relay.fail_item(item.key, 400, "AccessDeniedException")
    (other,) = await holder.wrap([Raw(bytearray(DEK), CONTEXT)])

    bad, good = await getattr(holder, method)([item, Wrapped(other, CONTEXT)])

    assert isinstance(bad, Corrupt)
    assert not isinstance(good, Corrupt)


async def test_a_denial_that_passes_makes_nothing_corrupt(relay, holder, item):
    """Rights that were just given are not known everywhere at once."""
    relay.fail("Decrypt", 400, "AccessDeniedException", times=1)

    assert await holder.unwrap([item]) == [DEK]


async def test_a_denial_ends_a_batch_soon(relay, holder, item):
    relay.fail("Decrypt", 400, "AccessDeniedException")
    relay.asked.clear()

    with pytest.raises(KeysDenied):
        await holder.unwrap([item] * 100)

    assert len(relay.asked) < 50


async def test_a_failure_that_passes_is_not_seen(relay, holder, item):
    for answer in UNAVAILABLE:
        relay.fail("Decrypt", *answer, times=2)

        assert await holder.unwrap([item]) == [DEK]


async def test_a_line_that_breaks_is_tried_again(relay, holder, item):
    relay.say("Decrypt", b"", times=1)

    assert await holder.unwrap([item]) == [DEK]


async def test_a_failure_that_stays_is_tried_three_times(relay, holder, item):
    relay.fail("Decrypt", 500, "KMSInternalException")
    relay.asked.clear()

    with pytest.raises(KeysUnavailable):
        await holder.unwrap([item])

    assert relay.actions() == ["Decrypt"] * 3


async def test_what_is_no_answer_of_kms_is_unavailable(relay, holder, item):
    for answer in NONSENSE:
        relay.say("Decrypt", answer)

        with pytest.raises(KeysUnavailable, match="does not answer"):
            await holder.unwrap([item])


@pytest.mark.parametrize("said", [{"KeyId": "arn:aws:kms:other"}, {"Plaintext": "AAAA"}])
async def test_an_answer_for_another_key_or_of_another_size_is_corrupt(relay, holder, item, said):
    whole = {"KeyId": LASTING, "Plaintext": base64.b64encode(DEK).decode(), **said}
    relay.say("Decrypt", relay.body(whole))

    (answer,) = await holder.unwrap([item])

    assert isinstance(answer, Corrupt)


async def test_a_rewrap_by_another_key_is_corrupt(relay, holder, item):
    relay.say("ReEncrypt", relay.body({"CiphertextBlob": "AAAA", "SourceKeyId": "other"}))

    (answer,) = await holder.rewrap([item])

    assert isinstance(answer, Corrupt)


@pytest.mark.parametrize("size", [0, 6145])
@pytest.mark.parametrize("method", ["unwrap", "rewrap"])
async def test_what_kms_would_not_take_is_not_sent(relay, holder, method, size):
    (answer,) = await getattr(holder, method)([Wrapped(bytes(size), CONTEXT)])

    assert isinstance(answer, Corrupt)
    assert relay.asked == []


async def test_a_key_that_opens_nothing_is_not_healthy(relay, holder):
    relay.fail("Decrypt", 400, "InvalidCiphertextException")

    with pytest.raises(Misconfigured, match="does not open what it has just wrapped"):
        await holder.health()


async def test_a_key_that_may_only_be_described_is_not_healthy(relay, holder):
    relay.fail("Encrypt", 400, "AccessDeniedException")

    with pytest.raises(KeysDenied, match="Encrypt"):
        await holder.health()


async def test_a_batch_leaves_a_thread_to_others(relay, holder, item):
    relay.say("Decrypt", None)
    batch = asyncio.create_task(holder.unwrap([item] * 50))
    await until(lambda: relay.actions().count("Decrypt") == 6)

    assert await holder.wrap([Raw(bytearray(DEK), CONTEXT)])

    assert relay.actions().count("Decrypt") == 6
    batch.cancel()
