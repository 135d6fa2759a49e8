"""No key, token or secret id of Transit's is shown: not by an error, a log, or what is printed."""

import base64
import logging

import hvac
import pytest

from connector_vault.errors import Corrupt, KeysUnavailable
from connector_vault.keys import Raw, Wrapped
from connector_vault.keys.hcvault.address import address_of
from connector_vault.keys.hcvault.answer import answer_of
from tests import openbao
from tests.holders.hcvault import holding, with_role
from tests.openbao_relay import answering, caught, relaying, shown

DEK = b"CANARY-of-a-data-key-of-32-bytes"
TEXT = base64.b64encode(DEK).decode()
ITEM = Raw(bytearray(DEK), b"here")


@pytest.fixture(scope="module")
def bao():
    return openbao.server()


@pytest.fixture
async def relay(bao):
    async with relaying(bao.port) as relay:
        yield relay


@pytest.fixture
def uri(relay, bao, tmp_path):
    return with_role(bao, tmp_path, port=relay.port)


@pytest.fixture
async def holder(uri):
    async with holding(uri) as holder:
        yield holder


@pytest.fixture
def secrets(uri, holder):
    """Give what must be found nowhere."""

    def secrets():
        token = holder._desk._tokens.held.secret.reveal()
        return [TEXT, DEK.decode(), address_of(uri).secret.read_text().strip(), token]

    return secrets


async def test_a_partly_failed_batch_shows_nothing(relay, holder, secrets, caplog):
    caplog.set_level(logging.DEBUG)
    (key,) = await holder.wrap([ITEM])
    items = [Wrapped(key, b"here"), Wrapped(key, b"elsewhere")]

    good, bad = await holder.unwrap(items)

    assert good == DEK
    assert isinstance(bad, Corrupt)
    assert relay.statuses[-1] == 207
    told = shown(bad) + caplog.text
    assert [secret for secret in secrets() if secret in told] == []


async def test_hvac_itself_would_show_the_good_keys_of_such_a_batch(bao, holder):
    """What the test above would find, if it were there to find."""
    (key,) = await holder.wrap([ITEM])
    client = hvac.Client(f"http://127.0.0.1:{bao.port}", token=bao.root)
    contexts = (base64.b64encode(one).decode() for one in (b"here", b"elsewhere"))
    batch = [{"ciphertext": key.decode(), "context": context} for context in contexts]
    name = holder.id.rpartition("/")[2]

    async def ask():
        client.secrets.transit.decrypt_data(name, batch_input=batch)

    error = await caught(ask)
    client.adapter.close()

    assert TEXT in shown(error)


@pytest.mark.parametrize("status", [200, 207, 302, 400, 403, 404, 429, 500, 503])
async def test_an_answer_that_quotes_everything_shows_nothing(
    status, relay, holder, secrets, caplog
):
    caplog.set_level(logging.DEBUG)
    (key,) = await holder.wrap([ITEM])
    quoted = " ".join(secrets())
    results = f'[{{"plaintext":"{TEXT}"}},{{"error":"{quoted}"}}]'
    body = f'{{"errors":["{quoted}"],"data":{{"batch_results":{results}}},"x":"{quoted}"}}'
    relay.fault = answering(status, body.encode(), f"X-Said: {quoted}")

    for call in (
        lambda: holder.unwrap([Wrapped(key, b"here")] * 2),
        lambda: holder.rewrap([Wrapped(key, b"here")] * 2),
        lambda: holder.wrap([ITEM] * 2),
        holder.health,
        holder.rotate,
        holder.oldest,
    ):
        error = await caught(call)
        told = shown(error) + caplog.text
        assert [secret for secret in secrets() if secret in told] == []


async def test_what_failed_in_a_way_nobody_knows_is_no_verdict_on_a_key(relay, holder):
    """To raise the alarm, the server has to say that the key was altered."""
    (key,) = await holder.wrap([ITEM])
    body = b'{"data":{"batch_results":[{"error":"storage: context canceled"}]}}'
    relay.fault = answering(500, body)

    for call in (holder.unwrap, holder.rewrap):
        with pytest.raises(KeysUnavailable, match="some of the keys"):
            await call([Wrapped(key, b"here")])


async def test_a_secret_in_a_message_is_found():
    """What the tests above would find, if it were there to find."""

    async def fail():
        held = TEXT
        raise KeysUnavailable(f"it was not {held[:0]}")

    assert TEXT in shown(await caught(fail))


async def test_what_is_printed_of_our_own_shows_nothing(holder, secrets):
    await holder.wrap([ITEM])
    tokens = holder._desk._tokens
    said = answer_of(200, f'{{"data":{{"plaintext":"{TEXT}"}}}}'.encode())
    parts = (holder, holder._desk, holder._key, tokens, tokens.held, holder._desk._idle, said)

    told = "".join(f"{one!r}{one}" for one in parts)

    assert [secret for secret in secrets() if secret in told] == []
