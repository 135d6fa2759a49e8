"""The key holder that asks AWS KMS: its address, what it tells AWS, and which keys are of use."""

import asyncio
import json
import sys

import pytest

from connector_vault.errors import Corrupt, KeysDenied, Misconfigured
from connector_vault.keys import Wrapped, open_keys
from tests.holders.aws_kms import CONTEXT, DEK, opening, wrapped
from tests.kms import ACCOUNT, LASTING, REGION, relaying, server, told

SECRET = "c2VjcmV0"
FORM = "aws-kms://arn:aws:kms:REGION:ACCOUNT:key/ID"
VISITED = "111122223333"


@pytest.fixture(autouse=True)
def kms():
    found = server()
    with told():
        yield found


@pytest.fixture
async def relay(kms):
    async with relaying(kms) as relay:
        yield relay


@pytest.fixture
async def opened():
    async with opening() as open_one:
        yield open_one


# What an address says.


@pytest.mark.parametrize(
    "name",
    [
        "",
        SECRET,
        f"arn:aws:s3:::{SECRET}",
        f"arn:aws:kms:us-east-1:123456789012:{SECRET}",
        f"arn:aws:kms:us-east-1:12345:key/{SECRET}",
        f"arn:aws:kms::123456789012:key/{SECRET}",
        f"arn:aws:kms:us-east-1.evil:123456789012:key/{SECRET}",
        f"arn:aws:kms:us-east-1:123456789012:key/{SECRET}/../other",
        f"{LASTING}#{SECRET}",
        f"{LASTING}\n",
    ],
)
def test_an_address_without_the_arn_of_a_key_is_refused_and_not_quoted(name):
    with pytest.raises(Misconfigured, match=FORM) as caught:
        open_keys(f"aws-kms://{name}")

    assert SECRET not in str(caught.value)


def test_an_arn_without_slashes_before_it_is_shown_the_form():
    with pytest.raises(Misconfigured, match=FORM):
        open_keys(f"aws-kms:{LASTING}")


@pytest.mark.parametrize("name", ["alias/vault", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/vault"])
def test_an_alias_is_refused_because_it_may_be_pointed_elsewhere(name):
    with pytest.raises(Misconfigured, match="alias can be pointed at another key"):
        open_keys(f"aws-kms://{name}")


@pytest.mark.parametrize(
    "query",
    [
        f"aws_secret_access_key={SECRET}",
        f"profile=a&profile={SECRET}",
        SECRET,
        f"timeout=5&{SECRET}",
        "timeout=",
    ],
)
def test_no_credential_and_nothing_unknown_is_taken_from_an_address(query):
    with pytest.raises(Misconfigured, match="endpoint=, profile= and timeout=") as caught:
        open_keys(f"aws-kms://{LASTING}?{query}")

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://kms.us-east-1.amazonaws.com",
        "http://127.0.0.1.evil.example",
        "https://ada@kms.us-east-1.amazonaws.com",
        "https://kms.us-east-1.amazonaws.com/path",
        "kms.us-east-1.amazonaws.com",
        "https://",
    ],
)
def test_an_endpoint_that_shows_keys_to_the_network_is_refused(endpoint):
    with pytest.raises(Misconfigured, match="endpoint= of a key of AWS KMS is https://HOST"):
        open_keys(f"aws-kms://{LASTING}?endpoint={endpoint}")


@pytest.mark.parametrize("timeout", ["0", "-1", "61", "nan", "inf", "soon"])
def test_a_timeout_that_is_none_is_refused(timeout):
    with pytest.raises(Misconfigured, match=r"0\.1 to 60 seconds"):
        open_keys(f"aws-kms://{LASTING}?timeout={timeout}")


def test_a_missing_library_is_named_with_what_installs_it(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("connector_vault.keys.aws_kms")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "botocore", None)

    with pytest.raises(Misconfigured, match=r"pip install 'connector-vault\[aws\]'"):
        open_keys(f"aws-kms://{LASTING}")


async def test_a_holder_is_named_for_its_key_and_for_nothing_else(kms, opened):
    holder = opened(kms.address(profile="someone", timeout=3))

    assert holder.id == f"aws-kms:{LASTING}"
    assert repr(holder) == f"<AwsKms aws-kms:{LASTING}>"


async def test_opening_and_closing_ask_nothing(relay):
    holder = open_keys(relay.address())

    await holder.close()

    assert relay.asked == []


def test_the_policy_allows_what_is_needed_and_only_with_this_key():
    from connector_vault.keys.aws_kms import policy

    uses, rotates = json.loads(policy(f"aws-kms://{LASTING}?timeout=3"))["Statement"]

    assert uses["Resource"] == rotates["Resource"] == LASTING
    assert uses["Action"] == [
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:ReEncrypt*",
        "kms:DescribeKey",
        "kms:ListKeyRotations",
    ]
    assert rotates["Action"] == ["kms:RotateKeyOnDemand"]


# What AWS is told.


async def test_every_request_names_the_key_and_what_it_is_bound_to_in_a_digest(relay, opened):
    holder = opened(relay.address())
    item = await wrapped(holder)
    await holder.unwrap([item])
    await holder.rewrap([item])

    encrypt, decrypt, reencrypt = (said for _, said in relay.asked)

    bound = {"cv1": "WeeW2h9Mh6zzpzPJhI0+T5FTc6Rtji59aqg6krnVFuY="}
    assert (encrypt["KeyId"], encrypt["EncryptionContext"]) == (LASTING, bound)
    assert (decrypt["KeyId"], decrypt["EncryptionContext"]) == (LASTING, bound)
    assert (reencrypt["SourceKeyId"], reencrypt["SourceEncryptionContext"]) == (LASTING, bound)
    assert reencrypt["DestinationKeyId"] == LASTING
    assert reencrypt["DestinationEncryptionContext"] == bound


async def test_what_another_key_wrapped_is_corrupt_and_never_rewrapped(kms, opened):
    here, there = opened(kms.address(kms.make())), opened(kms.address(kms.make()))
    items = [await wrapped(there), await wrapped(here)]

    foreign, own = await here.unwrap(items)
    foreign_again, own_again = await here.rewrap(items)

    assert isinstance(foreign, Corrupt)
    assert isinstance(foreign_again, Corrupt)
    assert own == DEK
    assert isinstance(own_again, bytes)


async def test_a_key_of_many_regions_is_the_same_holder_in_each(kms, opened):
    """So a vault may go on in another region. Moto wraps with such keys, and never unwraps."""
    first = kms.make(MultiRegion=True)
    here = opened(kms.address(first))
    there = opened(kms.address(first.replace(REGION, "eu-west-1")))

    assert here.id == there.id == f"aws-kms:{first.replace(REGION, '')}"


# Whether it is healthy.


async def test_a_key_of_another_kind_is_named_as_such(kms, opened):
    holder = opened(kms.address(kms.make(KeySpec="RSA_2048")))

    with pytest.raises(Misconfigured, match="another kind: name one of SYMMETRIC_DEFAULT"):
        await holder.health()


async def test_a_key_for_signatures_is_named_as_such(kms, opened):
    holder = opened(kms.address(kms.make(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")))

    with pytest.raises(Misconfigured, match="another kind"):
        await holder.health()


async def test_a_key_of_which_kms_does_not_say_the_use_is_tried(kms, opened):
    """KMS promises no more of it than its id, and moto tells no use that was not asked for."""
    arn = kms.ask("CreateKey")["KeyMetadata"]["Arn"]
    assert kms.ask("DescribeKey", KeyId=arn)["KeyMetadata"].get("KeyUsage") is None

    await opened(kms.address(arn)).health()


@pytest.mark.parametrize(
    ("action", "state"),
    [("DisableKey", "Disabled"), ("ScheduleKeyDeletion", "PendingDeletion")],
)
async def test_a_key_out_of_use_is_not_healthy(kms, opened, action, state):
    arn = kms.make()
    holder = opened(kms.address(arn))
    await holder.health()
    kms.ask(action, KeyId=arn.rpartition("/")[2])

    with pytest.raises(KeysDenied, match=f"in the state {state}"):
        await holder.health()


# Whose it is.


async def test_a_key_that_is_not_there_is_misconfigured(kms, opened):
    holder = opened(kms.address(f"arn:aws:kms:{REGION}:{VISITED}:key/{'0' * 36}"))

    for ask in (holder.health, holder.version, holder.rotate):
        with pytest.raises(Misconfigured, match="there is no such key"):
            await ask()


async def test_a_key_of_another_account_is_used_if_it_is_shared(relay, opened):
    """All that its owner can let us do. To list rotations, or to rotate, is not among it."""
    relay.fail("ListKeyRotations", 400, "AccessDeniedException")
    relay.fail("RotateKeyOnDemand", 400, "AccessDeniedException")
    holder = opened(relay.address())

    assert await holder.health() is None
    assert await holder.version() == 1
    with pytest.raises(KeysDenied, match="ListKeyRotations"):
        await holder.rotate()


async def test_a_key_of_another_account_is_denied_if_it_is_not_shared(relay, opened):
    for action in ("DescribeKey", "Encrypt", "Decrypt", "ReEncrypt"):
        relay.fail(
            action, 400, "AccessDeniedException", f"no resource-based policy allows {SECRET}"
        )
    holder = opened(relay.address())
    item = Wrapped(b"x", CONTEXT)

    for ask in (holder.health(), wrapped(holder), holder.unwrap([item]), holder.rewrap([item])):
        with pytest.raises(KeysDenied, match="doctor prints the policy"):
            await ask


async def test_many_callers_at_once_are_all_answered(kms, opened):
    holder = opened(kms.address(timeout=30))
    items = [await wrapped(holder)]

    answers = await asyncio.gather(*(holder.unwrap(items) for _ in range(200)))

    assert answers == [[DEK]] * 200
