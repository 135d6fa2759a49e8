"""Keys in a token: what they are made as, and what is wrapped under them."""

import ctypes
import hashlib
import os
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap

from connector_vault.errors import BadArguments, Corrupt, KeysDenied, Misconfigured
from connector_vault.keys import Raw, Wrapped, open_keys
from connector_vault.keys.pkcs11 import Pkcs11Keys, wrapping
from tests.softhsm import KEY_WRAP_ONLY, elsewhere, instead, library, softhsm

DEK = bytes(range(32))
KEK = bytes(range(100, 132))
CONTEXT = b"acme, con_1"
DIGEST = hashlib.sha256(CONTEXT).digest()
GCM_1 = bytes.fromhex("0100000001")
WRAPPED_ELSEWHERE = (
    f"print((await keys.wrap([Raw(bytearray({DEK!r}), {CONTEXT!r})]))[0].hex(), flush=True)"
)
KEY_WRAP_1 = bytes.fromhex("0200000001")


@pytest.fixture
def hsm(tmp_path):
    return softhsm(tmp_path)


@pytest.fixture(params=["ALL", KEY_WRAP_ONLY], ids=["gcm", "key-wrap"])
def either(request, tmp_path):
    return softhsm(tmp_path, mechanisms=request.param)


@asynccontextmanager
async def opened(address, **options):
    keys = Pkcs11Keys.open(address, **options)
    try:
        yield keys
    finally:
        await keys.close()


async def made(hsm):
    """Make a key, and let go of it."""
    async with opened(hsm.address(), create=True) as keys:
        return keys.id


# The key.


async def test_a_new_key_never_leaves_the_token(hsm):
    from pkcs11 import Attribute

    await made(hsm)

    (key,) = hsm.versions()
    for never in ("EXTRACTABLE", "MODIFIABLE", "WRAP", "UNWRAP", "SIGN", "VERIFY", "DERIVE"):
        assert key[Attribute[never]] is False, never
    for always in ("SENSITIVE", "ALWAYS_SENSITIVE", "NEVER_EXTRACTABLE", "LOCAL", "TOKEN"):
        assert key[Attribute[always]] is True, always
    assert (key[Attribute.ID], key[Attribute.VALUE_LEN]) == (b"\0\0\0\1", 32)


async def test_a_new_key_may_do_what_it_is_for_and_no_more(tmp_path):
    from pkcs11 import Attribute

    hsm = softhsm(tmp_path, mechanisms=KEY_WRAP_ONLY)
    await made(hsm)

    (key,) = hsm.versions()
    assert key[Attribute.WRAP] is key[Attribute.UNWRAP] is True
    assert key[Attribute.ENCRYPT] is key[Attribute.DECRYPT] is False


async def test_a_missing_key_says_how_to_make_one(hsm):
    with pytest.raises(Misconfigured, match=r"no key 'key': .*connector-vault init"):
        open_keys(hsm.address())
    assert hsm.versions() == []


async def test_a_key_that_is_there_is_not_made_again(hsm):
    await made(hsm)
    await made(hsm)

    assert len(hsm.versions()) == 1


async def test_the_name_of_a_holder_is_an_address_without_secrets(hsm):
    name = await made(hsm)

    async with opened(f"{name}?module-path={library()}&pin-source=file:{hsm.pin_file}") as keys:
        assert keys.id == name
        assert f"{keys!r}" == f"<Pkcs11Keys {name}>"
    assert name.startswith("pkcs11:serial=")
    assert name.endswith(";object=key")


async def test_a_label_may_hold_anything(hsm):
    async with opened(hsm.address("K%C3%A4se;1".replace(";", "%3B")), create=True) as keys:
        assert keys.id.endswith(";object=K%C3%A4se%3B1")
        assert await keys.health() is None


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"EXTRACTABLE": True}, "can be taken out of the token"),
        ({"SENSITIVE": False}, "can be taken out of the token"),
        ({"value": bytes(16)}, "not an AES key of 256 bits"),
        ({"ID": b""}, "id is not the number of its version"),
        ({"ID": b"\0\0\0\0"}, "id is not the number of its version"),
        ({"ID": b"\0\0\0\0\1"}, "id is not the number of its version"),
        ({"DECRYPT": False, "UNWRAP": False}, "neither AES-GCM nor AES key wrap"),
    ],
)
def test_a_key_that_is_not_fit_is_refused(hsm, said, why):
    hsm.put_key(**said)

    with pytest.raises(Misconfigured, match=f"key 'key' in the token is not fit.*{why}"):
        open_keys(hsm.address(), create=True)


async def test_an_unfit_version_that_is_added_later_is_refused(hsm):
    await made(hsm)
    hsm.put_key(ID=b"\0\0\0\2", EXTRACTABLE=True)

    with pytest.raises(Misconfigured, match="can be taken out"):
        open_keys(hsm.address())


async def test_a_key_of_whoever_keeps_the_token_is_used(hsm):
    hsm.put_key(ID=b"\7")

    async with opened(hsm.address()) as keys:
        assert await keys.version() == 7
        assert await keys.health() is None


def test_what_is_no_module_is_named(hsm, tmp_path):
    for path in (tmp_path / "none.so", hsm.pin_file):
        with pytest.raises(Misconfigured, match=f"module {path} cannot be loaded"):
            open_keys(hsm.address(**{"module-path": path}))


def test_a_token_that_is_not_there_is_not_taken_for_another(hsm):
    hsm.add_token("other")
    uri = hsm.address().replace("token=vault", "token=unknown")

    with pytest.raises(Misconfigured, match="no token that the module"):
        open_keys(uri, create=True)


async def test_a_token_that_is_broken_is_not_in_the_way_of_another(hsm):
    hsm.add_token("other")

    def look(own, slot, place):
        code = own(slot, place)
        return 0x5 if ctypes.string_at(place, 5) == b"other" else code

    with instead("C_GetTokenInfo", look, ctypes.c_ulong, ctypes.c_void_p):
        async with opened(hsm.address(), create=True) as keys:
            assert await keys.health() is None


async def test_a_module_with_two_names_is_one(hsm, tmp_path):
    link = tmp_path / "link.so"
    link.symlink_to(library())

    two = opened(hsm.address(**{"module-path": link}))
    async with opened(hsm.address(), create=True) as keys, two as same:
        assert same.id == keys.id


async def test_tokens_that_cannot_be_told_apart_are_refused(hsm):
    hsm.add_token("other")
    uri = hsm.address().replace("token=vault", "manufacturer=SoftHSM%20project")

    with pytest.raises(Misconfigured, match="any of 2 tokens: add serial="):
        open_keys(uri, create=True)


def test_a_module_that_somebody_else_started_is_left_alone(hsm):
    """In a process of its own: a module that was started is so for all of one."""
    other = f"import ctypes; ctypes.CDLL({library()!r}).C_Initialize(None)\n"
    ours = "import sys; from connector_vault.keys import open_keys; open_keys(sys.argv[1])"

    done = subprocess.run(
        [sys.executable, "-c", other + ours, hsm.address()],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert "Misconfigured: the PKCS#11 module" in done.stderr
    assert "in use by another part of this program" in done.stderr


async def test_without_the_library_it_says_what_to_install(hsm, monkeypatch):
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    for name in [one for one in sys.modules if one.startswith("connector_vault.keys.pkcs11.")]:
        monkeypatch.delitem(sys.modules, name)

    with pytest.raises(Misconfigured, match=r"pip install 'connector-vault\[hsm\]'"):
        open_keys(hsm.address())


# What is wrapped.


async def test_what_is_wrapped_is_ordinary_aes_gcm(hsm):
    hsm.put_key(KEK)

    async with opened(hsm.address()) as keys:
        (wrapped,) = await keys.wrap([Raw(bytearray(DEK), CONTEXT)])

    assert wrapped[:5] == GCM_1
    assert AESGCM(KEK).decrypt(wrapped[5:17], wrapped[17:], CONTEXT) == DEK


async def test_what_is_wrapped_without_gcm_is_ordinary_key_wrap(tmp_path):
    hsm = softhsm(tmp_path, mechanisms=KEY_WRAP_ONLY)
    hsm.put_key(KEK)

    async with opened(hsm.address()) as keys:
        (wrapped,) = await keys.wrap([Raw(bytearray(DEK), CONTEXT)])

    assert wrapped[:5] == KEY_WRAP_1
    assert aes_key_unwrap(KEK, wrapped[5:])[16:] == DEK + DIGEST


async def test_both_ways_stay_readable(hsm):
    """A token that learns AES-GCM in an upgrade still opens what it wrapped before."""
    hsm.put_key(KEK)
    gcm = GCM_1 + bytes(12) + AESGCM(KEK).encrypt(bytes(12), DEK, CONTEXT)
    key_wrap = KEY_WRAP_1 + aes_key_wrap(KEK, bytes(16) + DEK + DIGEST)

    async with opened(hsm.address()) as keys:
        assert await keys.unwrap([Wrapped(gcm, CONTEXT), Wrapped(key_wrap, CONTEXT)]) == [DEK, DEK]


async def test_one_way_is_not_taken_for_the_other(tmp_path):
    hsm = softhsm(tmp_path, mechanisms=KEY_WRAP_ONLY)
    hsm.put_key(KEK)
    gcm = GCM_1 + bytes(12) + AESGCM(KEK).encrypt(bytes(12), DEK, CONTEXT)

    async with opened(hsm.address()) as keys:
        (answer,) = await keys.unwrap([Wrapped(gcm, CONTEXT)])

    assert isinstance(answer, Corrupt)


@pytest.mark.parametrize("inner", [DEK + DIGEST, bytes(16) + DEK, bytes(32) + DEK + DIGEST])
async def test_what_does_not_hold_a_data_key_is_refused(tmp_path, inner):
    hsm = softhsm(tmp_path, mechanisms=KEY_WRAP_ONLY)
    hsm.put_key(KEK)
    body = aes_key_wrap(KEK, inner)

    async with opened(hsm.address()) as keys:
        (answer,) = await keys.unwrap([Wrapped(KEY_WRAP_1 + body, CONTEXT)])

    assert isinstance(answer, Corrupt)


async def test_either_way_binds_to_the_context(either):
    async with opened(either.address(), create=True) as keys:
        (wrapped,) = await keys.wrap([Raw(bytearray(DEK), CONTEXT)])
        items = [Wrapped(wrapped, CONTEXT), Wrapped(wrapped, b"elsewhere"), Wrapped(wrapped, b"")]

        good, elsewhere, nowhere = await keys.unwrap(items)

    assert good == DEK
    assert isinstance(elsewhere, Corrupt)
    assert isinstance(nowhere, Corrupt)


async def test_either_way_refuses_every_altered_bit(either):
    async with opened(either.address(), create=True) as keys:
        (wrapped,) = await keys.wrap([Raw(bytearray(DEK), CONTEXT)])
        whole = int.from_bytes(wrapped)
        altered = [(whole ^ 1 << bit).to_bytes(len(wrapped)) for bit in range(len(wrapped) * 8)]

        answers = await keys.unwrap([Wrapped(key, CONTEXT) for key in altered])

    assert len(answers) == len(wrapped) * 8
    assert all(isinstance(answer, Corrupt) for answer in answers)


async def test_either_way_never_gives_the_same_bytes_twice(either):
    async with opened(either.address(), create=True) as keys:
        wrapped = await keys.wrap([Raw(bytearray(DEK), CONTEXT)] * 100)

        assert await keys.unwrap([Wrapped(key, CONTEXT) for key in wrapped]) == [DEK] * 100
    assert len(set(wrapped)) == 100


async def test_a_mechanism_is_used_only_for_what_the_token_has_it_for(hsm):
    """Some have AES-GCM only to wrap keys that never leave them."""

    def look(own, slot, mechanism, place):
        code = own(slot, mechanism, place)
        if mechanism == 0x1087:  # CKM_AES_GCM
            ctypes.c_ulong.from_address(place + 16).value &= ~0x300
        return code

    types = (ctypes.c_ulong, ctypes.c_ulong, ctypes.c_void_p)
    with instead("C_GetMechanismInfo", look, *types):
        async with opened(hsm.address(), create=True) as keys:
            (wrapped,) = await keys.wrap([Raw(bytearray(DEK), CONTEXT)])

    assert wrapped[:5] == KEY_WRAP_1


async def test_no_data_key_stays_in_the_token(either):
    from pkcs11 import Attribute

    async with opened(either.address(), create=True) as keys:
        (wrapped,) = await keys.wrap([Raw(bytearray(DEK), CONTEXT)])
        await keys.unwrap([Wrapped(wrapped, CONTEXT), Wrapped(wrapped, b"elsewhere")])
        session = keys._device._session
        passing = {Attribute.TOKEN: False}
        left = await keys._thread.ask(lambda: list(session.get_objects(passing)), 5)

    assert left == []


@pytest.fixture
def taken(monkeypatch):
    """Every data key that comes out of a token."""
    seen, own = [], wrapping._taken

    def take(*arguments):
        seen.append(own(*arguments))
        return seen[-1]

    monkeypatch.setattr(wrapping, "_taken", take)
    return seen


async def test_rewrapping_wipes_the_keys_it_had_to_see(either, taken):
    async with opened(either.address(), create=True) as keys:
        wrapped = await keys.wrap([Raw(bytearray(DEK), CONTEXT)] * 3)
        taken.clear()
        await keys.rewrap([*(Wrapped(key, CONTEXT) for key in wrapped), Wrapped(b"", CONTEXT)])

    assert taken == [bytes(32)] * 3


async def test_what_was_unwrapped_beside_a_failure_is_wiped(hsm, taken, monkeypatch):
    async with opened(hsm.address(), create=True) as keys:
        (wrapped,) = await keys.wrap([Raw(bytearray(DEK), CONTEXT)])
        taken.clear()
        monkeypatch.setattr(keys._device._versions, "look", lambda: 1 // 0)

        with pytest.raises(ZeroDivisionError):
            await keys.unwrap([Wrapped(wrapped, CONTEXT)] * 2 + [Wrapped(wrapped, b"elsewhere")])

    assert taken == [bytes(32)] * 2


async def test_a_token_that_knows_neither_way_is_refused(tmp_path):
    hsm = softhsm(tmp_path, mechanisms="CKM_AES_KEY_GEN,CKM_AES_CBC_PAD")

    with pytest.raises(Misconfigured, match="neither AES-GCM nor AES key wrap"):
        open_keys(hsm.address(), create=True)
    assert hsm.versions() == []


# The IV of a token that chooses it itself.


def choosing(*, accepts, tells=True):
    """Have SoftHSM choose IVs as certified devices do: it takes only zeros, or ignores ours."""

    class Parameters(ctypes.Structure):
        _fields_ = (("iv", ctypes.c_void_p), ("iv_size", ctypes.c_ulong))

    class Mechanism(ctypes.Structure):
        _fields_ = (("kind", ctypes.c_ulong), ("parameters", ctypes.POINTER(Parameters)))

    def begin(own, session, mechanism, key):
        given = mechanism[0].parameters[0]
        if not accepts(ctypes.string_at(given.iv, given.iv_size)):
            return 0x71  # CKR_MECHANISM_PARAM_INVALID
        if tells:
            chosen.append(os.urandom(12))
            ctypes.memmove(given.iv, chosen[-1], 12)
        return own(session, mechanism, key)

    chosen = []
    types = (ctypes.c_ulong, ctypes.POINTER(Mechanism), ctypes.c_ulong)
    return instead("C_EncryptInit", begin, *types), chosen


@pytest.mark.parametrize("accepts", [lambda iv: not any(iv), lambda _: True], ids=["zeros", "any"])
async def test_an_iv_that_the_token_chose_is_read_back(hsm, accepts):
    patched, chosen = choosing(accepts=accepts)
    with patched:
        async with opened(hsm.address(), create=True) as keys:
            (wrapped,) = await keys.wrap([Raw(bytearray(DEK), CONTEXT)])

            assert await keys.unwrap([Wrapped(wrapped, CONTEXT)]) == [DEK]
    assert wrapped[5:17] == chosen[-1]


async def test_nothing_is_wrapped_under_an_iv_of_zeros(hsm):
    """A token that takes only zeros, and does not say what it made of them."""
    patched, _ = choosing(accepts=lambda iv: not any(iv), tells=False)

    with patched, pytest.raises(Misconfigured, match="does not tell its IV"):
        open_keys(hsm.address(), create=True)


# Versions.


async def test_each_version_is_a_key_of_its_own(hsm):
    from pkcs11 import Attribute

    async with opened(hsm.address(), create=True) as keys:
        assert [await keys.rotate() for _ in range(3)] == [2, 3, 4]
        await keys.retire(3)
        assert (await keys.oldest(), await keys.version()) == (3, 4)

    assert sorted(key[Attribute.ID] for key in hsm.versions()) == [b"\0\0\0\3", b"\0\0\0\4"]


async def test_a_version_that_another_process_made_wraps_and_opens(hsm):
    async with opened(hsm.address(), create=True) as keys:
        theirs = elsewhere(hsm, "await keys.rotate()", WRAPPED_ELSEWHERE)

        assert await keys.unwrap([Wrapped(bytes.fromhex(theirs), CONTEXT)]) == [DEK]
        assert await keys.version() == 2
        (ours,) = await keys.wrap([Raw(bytearray(DEK), CONTEXT)])
        assert ours[:5] == bytes.fromhex("0100000002")


async def test_a_version_that_another_process_destroyed_wraps_no_more(hsm):
    async with opened(hsm.address(), create=True) as keys:
        elsewhere(hsm, "await keys.retire(await keys.rotate())")

        (wrapped,) = await keys.wrap([Raw(bytearray(DEK), CONTEXT)])
        assert wrapped[:5] == bytes.fromhex("0100000002")
        assert await keys.oldest() == 2


async def test_two_keys_of_one_version_are_both_tried(hsm):
    """As two processes leave them that rotate in the same moment."""
    other = bytes(reversed(KEK))
    hsm.put_key(KEK)
    hsm.put_key(other)
    items = [
        Wrapped(GCM_1 + bytes(12) + AESGCM(key).encrypt(bytes(12), DEK, CONTEXT), CONTEXT)
        for key in (KEK, other, KEK)
    ]

    async with opened(hsm.address()) as keys:
        assert await keys.unwrap(items) == [DEK] * 3
        assert await keys.unwrap([Wrapped(items[0].key, b"elsewhere")]) != [DEK]
        await keys.retire(await keys.rotate())

    assert len(hsm.versions()) == 1


@pytest.mark.parametrize("doing", ["pass", "await keys.rotate()"], ids=["create", "rotate"])
async def test_two_who_make_one_version_in_the_same_moment_lose_nothing(hsm, doing):
    """The other process makes it, and wraps, while we are about to."""
    theirs = []

    def meanwhile(own, *arguments):
        theirs.append(elsewhere(hsm, doing, WRAPPED_ELSEWHERE))
        return own(*arguments)

    if doing != "pass":
        await made(hsm)
    with instead("C_GenerateKey", meanwhile, *[ctypes.c_void_p] * 5):
        async with opened(hsm.address(), create=True) as keys:
            version = await keys.version() if doing == "pass" else await keys.rotate()
            (ours,) = await keys.wrap([Raw(bytearray(DEK), CONTEXT)])
            (other,) = (bytes.fromhex(one) for one in theirs)

            assert ours[1:5] == other[1:5] == version.to_bytes(4)
            assert await keys.unwrap([Wrapped(ours, CONTEXT), Wrapped(other, CONTEXT)]) == [DEK] * 2
    assert elsewhere(hsm, "print(await keys.version())") == str(version)


async def test_a_rotation_whose_answer_was_lost_is_not_made_twice(hsm):
    lost = [0x30]

    def make(own, *arguments):
        code = own(*arguments)
        return lost.pop() if lost else code

    async with opened(hsm.address(), create=True) as keys:
        with instead("C_GenerateKey", make, *[ctypes.c_void_p] * 5):
            assert await keys.rotate() == 2
        assert await keys.version() == 2

    assert len(hsm.versions()) == 2


async def test_the_last_number_of_a_version_is_the_last(hsm):
    hsm.put_key(ID=b"\xff\xff\xff\xff")

    async with opened(hsm.address()) as keys:
        with pytest.raises(Misconfigured, match="at most 4294967295 versions"):
            await keys.rotate()


async def test_a_version_is_retired_once_and_for_all(hsm):
    async with opened(hsm.address(), create=True) as keys:
        (old,) = await keys.wrap([Raw(bytearray(DEK), CONTEXT)])
        await keys.rotate()
        await keys.retire(2)
        await keys.retire(2)
        await keys.retire(0)

        (answer,) = await keys.unwrap([Wrapped(old, CONTEXT)])
        assert "under version 1 of the key 'key', which the token does not have" in str(answer)
        with pytest.raises(BadArguments, match="version 2 is in use"):
            await keys.retire(3)
        assert await keys.oldest() == 2


async def test_a_token_that_makes_no_keys_says_what_to_have_made(hsm):
    refuses = instead("C_GenerateKey", lambda *_: 0x200, *[ctypes.c_void_p] * 5)
    async with opened(hsm.address(), create=True) as keys:
        with refuses, pytest.raises(KeysDenied, match=r"version 2 of.*with the id 00000002"):
            await keys.rotate()
        assert await keys.version() == 1
