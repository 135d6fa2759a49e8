"""What every key holder promises. A new one is a line in HOLDERS."""

from importlib import import_module

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector_vault.envelope import wrap_context
from connector_vault.errors import BadArguments, Corrupt, KeysUnavailable
from connector_vault.keys import Raw, Wrapped

DEK = b"k" * 32
CONTEXT = wrap_context(b"s" * 16, "acme", "con_1", b"i" * 16)


HOLDERS = ["aws_kms", "hcvault", "local", "pkcs11"]
"""Modules of tests.holders."""

RETIRING = [
    name for name in HOLDERS if getattr(import_module(f"tests.holders.{name}"), "RETIRES", True)
]


@pytest.fixture(params=HOLDERS)
async def holder(request, tmp_path):
    async with import_module(f"tests.holders.{request.param}").opened(tmp_path) as holder:
        yield holder


async def wrapped(holder, dek=DEK, context=CONTEXT):
    (key,) = await holder.wrap([Raw(bytearray(dek), context)])
    return key


async def test_a_wrapped_key_opens_under_its_context(holder):
    (answer,) = await holder.unwrap([Wrapped(await wrapped(holder), CONTEXT)])

    assert isinstance(answer, bytearray)
    assert answer == DEK


@pytest.mark.parametrize(
    "context",
    [
        wrap_context(b"x" * 16, "acme", "con_1", b"i" * 16),
        wrap_context(b"s" * 16, "evil", "con_1", b"i" * 16),
        wrap_context(b"s" * 16, "acme", "con_2", b"i" * 16),
        wrap_context(b"s" * 16, "acme", "con_1", b"x" * 16),
    ],
    ids=["store", "tenant", "connection", "key"],
)
async def test_a_wrapped_key_opens_in_no_other_place(holder, context):
    (answer,) = await holder.unwrap([Wrapped(await wrapped(holder), context)])

    assert isinstance(answer, Corrupt)


async def test_one_bad_item_does_not_hide_its_neighbours(holder):
    good = await wrapped(holder)
    items = [Wrapped(good, CONTEXT), Wrapped(good, b"elsewhere"), Wrapped(good, CONTEXT)]

    first, second, third = await holder.unwrap(items)

    assert first == third == DEK
    assert isinstance(second, Corrupt)


async def test_one_bad_item_does_not_stop_a_rewrap(holder):
    good = await wrapped(holder)

    first, second = await holder.rewrap([Wrapped(good[:-1], CONTEXT), Wrapped(good, CONTEXT)])

    assert isinstance(first, Corrupt)
    assert await holder.unwrap([Wrapped(second, CONTEXT)]) == [DEK]


async def test_answers_come_in_the_order_of_the_items(holder):
    raw = [bytearray([number]) * 32 for number in range(200)]
    contexts = [b"context %d" % number for number in range(200)]

    keys = await holder.wrap([Raw(*pair) for pair in zip(raw, contexts, strict=True)])

    items = [Wrapped(*pair) for pair in zip(keys, contexts, strict=True)]
    assert await holder.unwrap(items) == raw


async def test_a_rewrapped_key_is_the_same_key_in_other_bytes(holder):
    before = await wrapped(holder)

    (after,) = await holder.rewrap([Wrapped(before, CONTEXT)])

    assert after != before
    assert await holder.unwrap([Wrapped(after, CONTEXT)]) == [DEK]


async def test_a_rewrapped_key_stays_in_its_place(holder):
    (after,) = await holder.rewrap([Wrapped(await wrapped(holder), CONTEXT)])

    (answer,) = await holder.unwrap([Wrapped(after, b"elsewhere")])

    assert isinstance(answer, Corrupt)


async def test_no_items_are_no_answers(holder):
    assert await holder.wrap([]) == []
    assert await holder.unwrap([]) == []
    assert await holder.rewrap([]) == []


async def test_wrapping_leaves_the_key_to_whoever_wiped_it_then(holder):
    raw = bytearray(DEK)

    await holder.wrap([Raw(raw, CONTEXT)])

    assert raw == DEK


async def test_a_key_is_never_wrapped_into_the_same_bytes_twice(holder):
    keys = await holder.wrap([Raw(bytearray(DEK), CONTEXT)] * 1000)

    assert len(set(keys)) == 1000


@pytest.mark.parametrize("size", [0, 16, 31, 33])
async def test_only_a_data_key_is_wrapped(holder, size):
    with pytest.raises(BadArguments, match="32 bytes"):
        await holder.wrap([Raw(bytearray(size), CONTEXT)])


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_wrapped_key_with_any_bit_flipped_is_refused(holder, data):
    key = bytearray(await wrapped(holder))
    key[data.draw(st.integers(0, len(key) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    (answer,) = await holder.unwrap([Wrapped(bytes(key), CONTEXT)])

    assert isinstance(answer, Corrupt)


async def test_a_wrapped_key_cut_anywhere_or_extended_is_refused(holder):
    key = await wrapped(holder)
    items = [Wrapped(key[:size], CONTEXT) for size in range(len(key))]

    answers = await holder.unwrap([*items, Wrapped(key + b"\0", CONTEXT)])

    assert all(isinstance(answer, Corrupt) for answer in answers)


async def test_a_holder_that_works_is_healthy(holder):
    assert await holder.health() is None


async def test_a_holder_has_a_name_and_versions(holder):
    assert holder.id.partition(":")[2]
    assert await holder.oldest() == await holder.version() >= 1


async def test_a_rotation_makes_a_version_that_wraps_from_now_on(holder):
    before, old = await wrapped(holder), await holder.version()

    assert await holder.rotate() == await holder.version() == old + 1

    (after,) = await holder.rewrap([Wrapped(before, CONTEXT)])
    items = [Wrapped(key, CONTEXT) for key in (before, after, await wrapped(holder))]
    assert await holder.unwrap(items) == [DEK] * 3


@pytest.mark.parametrize("holder", RETIRING, indirect=True)
async def test_what_a_retired_version_wrapped_is_noise(holder):
    before = await wrapped(holder)
    new = await holder.rotate()
    (after,) = await holder.rewrap([Wrapped(before, CONTEXT)])

    await holder.retire(new)

    assert await holder.oldest() == new
    gone, kept = await holder.unwrap([Wrapped(before, CONTEXT), Wrapped(after, CONTEXT)])
    assert isinstance(gone, Corrupt)
    assert kept == DEK


async def test_the_version_in_use_is_never_retired(holder):
    with pytest.raises(BadArguments, match="version"):
        await holder.retire(await holder.version() + 1)


def test_an_item_does_not_show_its_key():
    assert "kkk" not in f"{Raw(bytearray(DEK), CONTEXT)!r}"


async def test_a_holder_that_was_closed_is_not_there(holder):
    key = await wrapped(holder)

    await holder.close()

    with pytest.raises(KeysUnavailable):
        await holder.unwrap([Wrapped(key, CONTEXT)])
    await holder.close()
