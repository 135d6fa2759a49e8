import copy
import pickle
import runpy
import traceback
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from connector_vault.envelope import (
    MAX_PLAINTEXT,
    MAX_RECORD,
    Binding,
    DataKey,
    decode,
    dek_id_of,
    encode,
    wipe,
    wrap_context,
)
from connector_vault.errors import BadArguments, Corrupt

SPEC = runpy.run_path(str(Path(__file__).parent / "vectors" / "spec.py"))
BINDING = Binding("acme", "ada", "con_1", "grant_1", "oauth", "github", "Iv1.x", 3, 1800000000000)
DEK_ID, DEK = b"i" * 16, b"k" * 32
SECRET = "gho_secret"

# Few letters, so that fields that run into each other would meet.
texts = st.text("ab\x00é", max_size=3)
numbers = st.integers(0, 2**64 - 1)
bindings = st.builds(Binding, *[texts] * 7, numbers, numbers, st.binary(max_size=3))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)  # fmt: skip


def key(dek_id=DEK_ID, dek=DEK):
    return DataKey(dek_id, bytearray(dek))


@given(bindings, st.binary(max_size=200))
def test_what_was_sealed_opens(binding, plaintext):
    assert key().open(binding, key().seal(binding, plaintext)) == plaintext


@given(bindings, st.binary(max_size=200))
def test_another_implementation_opens_what_was_sealed(binding, plaintext):
    record = key().seal(binding, plaintext)

    fields = {**binding._asdict(), "endpoint": binding.endpoint.hex()}
    assert SPEC["unseal"](DEK_ID, DEK, fields, record) == plaintext


@given(bindings, bindings)
def test_a_record_opens_under_no_other_binding(sealed, other):
    assume(sealed != other)
    same = key()

    with pytest.raises(Corrupt, match="altered"):
        same.open(other, same.seal(sealed, b"{}"))


@given(st.tuples(texts, texts), st.tuples(texts, texts), st.binary(max_size=3))
def test_no_two_places_have_one_wrap_context(one, other, dek_id):
    assume(one != other)

    assert wrap_context(b"s", *one, dek_id) != wrap_context(b"s", *other, dek_id)


@given(st.data())
def test_a_record_with_any_bit_flipped_is_refused(data):
    record = bytearray(key().seal(BINDING, b'{"access":"x"}'))
    record[data.draw(st.integers(0, len(record) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(Corrupt):
        key().open(BINDING, bytes(record))


def test_a_record_cut_anywhere_is_refused():
    record = key().seal(BINDING, b'{"access":"x"}')

    for size in range(len(record)):
        with pytest.raises(Corrupt):
            key().open(BINDING, record[:size])


@given(st.binary(max_size=200))
def test_noise_is_refused_and_nothing_else_is_raised(noise):
    with pytest.raises(Corrupt):
        key().open(BINDING, noise)
    with pytest.raises(Corrupt):
        dek_id_of(noise)


def test_a_key_that_served_one_binding_still_refuses_another():
    both = key()
    record = both.seal(BINDING, b"{}")
    both.seal(BINDING._replace(tenant="evil"), b"{}")

    with pytest.raises(Corrupt, match="altered"):
        both.open(BINDING._replace(tenant="evil"), record)
    assert both.open(BINDING, record) == b"{}"


def test_ten_thousand_nonces_are_distinct():
    same = key()

    assert len({same.seal(BINDING, b"{}")[50:62] for _ in range(10_000)}) == 10_000


# Bounds.


def test_the_longest_plaintext_makes_the_longest_record():
    record = key().seal(BINDING, bytes(MAX_PLAINTEXT))

    assert len(record) == MAX_RECORD
    assert len(key().open(BINDING, record)) == MAX_PLAINTEXT


def test_a_plaintext_beyond_the_bound_is_not_sealed():
    with pytest.raises(BadArguments, match="65536 bytes"):
        key().seal(BINDING, bytes(MAX_PLAINTEXT + 1))


@pytest.mark.parametrize("number", [-1, 2**64])
def test_a_number_beyond_64_bits_is_not_sealed(number):
    with pytest.raises(BadArguments, match="generation or an expiry"):
        key().seal(BINDING._replace(generation=number), b"{}")


def test_half_a_surrogate_pair_names_nobody():
    with pytest.raises(BadArguments, match="surrogate"):
        key().seal(BINDING._replace(tenant="\ud800"), b"{}")
    with pytest.raises(BadArguments, match="surrogate"):
        wrap_context(b"s" * 16, "acme", "\ud800", DEK_ID)


@pytest.mark.parametrize(("id_size", "size"), [(15, 32), (17, 32), (16, 31), (16, 33), (16, 0)])
def test_a_data_key_of_another_length_is_refused(id_size, size):
    with pytest.raises(Corrupt, match="16 bytes and is 32 bytes long"):
        DataKey(bytes(id_size), bytearray(size))


def test_a_record_names_its_data_key():
    assert dek_id_of(key().seal(BINDING, b"{}")) == DEK_ID


def test_a_message_stays_on_one_line_and_short():
    hostile = BINDING._replace(connection="a\nERROR all is well" + "x" * 1000)

    with pytest.raises(Corrupt) as caught:
        key().open(hostile, key().seal(BINDING, b"{}"))

    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


# The plaintext.


@given(st.dictionaries(st.text(), json_values))
def test_a_mapping_is_read_as_it_was_written(mapping):
    assert decode(bytearray(encode(mapping))) == mapping


def test_json_is_canonical():
    text = encode({"b": [1, "é", None], "a": {"d": True, "c": 'quote " and \n'}})

    assert text.decode() == r'{"a":{"c":"quote \" and \n","d":true},"b":[1,"é",null]}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", object(), {1, 2}])
def test_what_json_cannot_hold_is_refused_without_being_quoted(value):
    with pytest.raises(BadArguments, match="written as JSON") as caught:
        encode({"access": SECRET, "other": value})

    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


def test_a_mapping_nested_too_deep_is_refused():
    deep = {}
    for _ in range(100_000):
        deep = {"a": deep}

    with pytest.raises(BadArguments, match="RecursionError"):
        encode(deep)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"null", b'"x"', b"{", b"{}}", b'{"a":NaN}', b"\xff{}", b"[" * 60_000]
)
def test_what_is_no_json_object_is_corrupt(text):
    with pytest.raises(Corrupt, match="JSON object") as caught:
        decode(bytearray(text))

    assert caught.value.__context__ is None


# What is left in memory, and what is shown.


def test_wiping_writes_zeros_in_place():
    buffer = bytearray(b"secret")
    view = memoryview(buffer)

    wipe(buffer)

    assert bytes(view) == bytes(6)


def test_a_data_key_wipes_the_raw_key_it_was_made_from():
    raw = bytearray(DEK)

    DataKey(DEK_ID, raw)

    assert raw == bytes(32)


def test_a_refused_data_key_is_wiped_too():
    raw = bytearray(b"k" * 31)

    with pytest.raises(Corrupt):
        DataKey(DEK_ID, raw)

    assert raw == bytes(31)


@pytest.mark.parametrize("text", [b'{"access":"x"}', b"{broken"])
def test_decoding_wipes_the_plaintext(text):
    plaintext = bytearray(text)

    with suppress(Corrupt):
        decode(plaintext)

    assert plaintext == bytes(len(text))


def test_a_refused_record_leaves_no_plaintext_in_its_traceback():
    record = key().seal(BINDING, SECRET.encode())

    with pytest.raises(Corrupt) as caught:
        key().open(BINDING._replace(kind="token"), record)

    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    (left,) = [f.f_locals["plaintext"] for f in frames if "plaintext" in f.f_locals]
    assert left == bytes(len(SECRET))


def test_a_data_key_shows_its_id_and_nothing_else():
    assert repr(key()) == f"<DataKey {DEK_ID.hex()}>"
    assert str(key()) == f"{key()}" == repr(key())


@pytest.mark.parametrize("steal", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_data_key_is_not_copied(steal):
    with pytest.raises(TypeError, match="not pickled"):
        steal(key())
