"""Keys in Transit: which are fit, what has to be allowed, versions, batches, and the way there."""

import os
import subprocess
import sys

import pytest

from connector_vault.errors import Corrupt, KeysDenied, Misconfigured
from connector_vault.keys import Raw, Wrapped, open_keys
from connector_vault.keys.hcvault import key, policy
from tests import openbao
from tests.holders.hcvault import address, holding, with_role
from tests.openbao_relay import answering, relaying

ITEM = Raw(bytearray(b"k" * 32), b"here")
JUNK = Wrapped(b"vault:v1:" + b"AAAA" * 20, b"here")
MANY = [Raw(bytearray([number % 256]) * 32, b"context %d" % number) for number in range(300)]

UNFIT = {
    "not derived": ({"derived": False}, "derived=true"),
    "exportable": ({"exportable": True}, "exported"),
    "in backups": ({"allow_plaintext_backup": True}, "plain text"),
    "convergent": ({"convergent_encryption": True}, "convergent"),
    "too short": ({"type": "aes128-gcm96"}, "type"),
    "for signing": ({"type": "ed25519"}, "type"),
    "public": ({"type": "rsa-2048", "derived": False}, "type"),
}


@pytest.fixture(scope="module")
def bao():
    return openbao.server()


def name_of(holder):
    return holder.id.rpartition("/")[2]


async def unwrapped(holder, keys, items=MANY):
    pairs = zip(keys, items, strict=True)
    return await holder.unwrap([Wrapped(one, item.context) for one, item in pairs])


@pytest.mark.parametrize("name", UNFIT)
async def test_a_key_that_is_of_no_use_is_refused_before_it_wraps_anything(name, bao, tmp_path):
    options, words = UNFIT[name]
    async with holding(with_role(bao, tmp_path, key=options)) as holder:
        for call in (
            lambda: holder.wrap([ITEM]),
            lambda: holder.unwrap([JUNK]),
            lambda: holder.rewrap([JUNK]),
            holder.version,
            holder.health,
        ):
            with pytest.raises(Misconfigured, match=words) as caught:
                await call()
            assert not isinstance(caught.value, KeysDenied)


async def test_the_remedy_for_a_key_of_no_use_makes_one_that_is(bao, tmp_path, monkeypatch):
    """Where there is a key, the server makes none of that name, and calls that a success."""
    async with holding(with_role(bao, tmp_path, key={"derived": False})) as holder:
        with pytest.raises(Misconfigured, match="another NAME: bao write -f ") as caught:
            await holder.health()

    place, *said = str(caught.value).partition("bao write -f ")[2].split()
    name = bao.new_name()
    bao.done("POST", place.replace("NAME", name), dict(one.split("=") for one in said))
    monkeypatch.setenv("BAO_TOKEN", bao.root)
    async with holding(address(bao, name)) as holder:
        await holder.health()


@pytest.mark.parametrize("kind", ["aes256-gcm96", "chacha20-poly1305", "xchacha20-poly1305"])
async def test_a_key_of_each_fit_type_wraps(kind, bao, tmp_path):
    async with holding(with_role(bao, tmp_path, key={"type": kind})) as holder:
        await holder.health()


async def test_a_key_of_the_same_name_that_was_made_anew_opens_nothing_old(bao, tmp_path):
    """So does one of the same name in another server."""
    async with holding(with_role(bao, tmp_path)) as holder:
        keys = await holder.wrap([ITEM])
        place = f"transit/keys/{name_of(holder)}"
        bao.done("POST", f"{place}/config", {"deletion_allowed": True})
        bao.done("DELETE", place)
        bao.done("POST", place, {"derived": True})

        (answer,) = await unwrapped(holder, keys, [ITEM])

    assert isinstance(answer, Corrupt)


@pytest.mark.parametrize("version", [b"v0", b"v01", b"v", b"v2", b"v999999999", b"v9999999999"])
async def test_a_wrapped_key_names_one_version_in_one_spelling(version, bao, tmp_path):
    """The server itself takes v0 and v01 for v1."""
    async with holding(with_role(bao, tmp_path)) as holder:
        (one,) = await holder.wrap([ITEM])

        (answer,) = await unwrapped(holder, [one.replace(b"v1", version, 1)], [ITEM])

    assert isinstance(answer, Corrupt)


async def test_what_was_wrapped_and_is_no_data_key_is_refused(bao, tmp_path):
    async with holding(with_role(bao, tmp_path)) as holder:
        said = {"plaintext": "c2hvcnQ=", "context": "aGVyZQ=="}
        made = bao.done("POST", f"transit/encrypt/{name_of(holder)}", said)["data"]["ciphertext"]

        (answer,) = await unwrapped(holder, [made.encode()], [ITEM])

    assert isinstance(answer, Corrupt)
    assert "32 bytes" in str(answer)


async def test_the_policy_allows_all_but_changes_and_names_the_command_for_those(bao, tmp_path):
    async with holding(with_role(bao, tmp_path, versions=False)) as holder:
        await holder.health()
        assert await holder.oldest() == await holder.version() == 1
        place = f"transit/keys/{name_of(holder)}"

        with pytest.raises(KeysDenied, match=f"runs: bao write -f {place}/rotate$") as rotating:
            await holder.rotate()
        command_line(bao, str(rotating.value))
        assert await holder.oldest() == 1

        with pytest.raises(KeysDenied, match=f"runs: bao write {place}/config .* && .*/trim") as it:
            await holder.retire(2)
        command_line(bao, str(it.value))
        assert await holder.oldest() == 2


def command_line(bao, message):
    """Do what a message says that an administrator runs."""
    folder = openbao.found().parent
    environ = {"PATH": f"{folder}:{os.environ['PATH']}", "BAO_TOKEN": bao.root, "HOME": "/"}
    environ["BAO_ADDR"] = f"http://127.0.0.1:{bao.port}"
    command = message.partition("runs: ")[2]
    subprocess.run(command, shell=True, check=True, env=environ, capture_output=True)


async def everything(holder):
    await holder.health()
    await holder.rewrap([JUNK])


@pytest.mark.parametrize("deed", ["keys", "encrypt", "decrypt", "rewrap"])
async def test_each_line_of_the_policy_is_needed(deed, bao, tmp_path):
    whole = policy(address(bao, "NAME")).splitlines()
    less = "\n".join(line for line in whole if f"/{deed}/" not in line)
    assert less.count("\n") == len(whole) - 2
    async with holding(with_role(bao, tmp_path, text=less)) as holder:
        with pytest.raises(KeysDenied, match="policy"):
            await everything(holder)


async def test_a_version_made_elsewhere_is_seen_in_what_it_wraps_or_a_minute_later(
    bao, tmp_path, monkeypatch
):
    uri = with_role(bao, tmp_path)
    async with holding(uri) as here, holding(uri) as there:
        assert await here.version() == 1
        assert await there.rotate() == 2
        assert await here.version() == 1
        await here.wrap([ITEM])
        assert await here.version() == 2
        assert await there.rotate() == 3
        monkeypatch.setattr(key, "_MEMORY", 0)
        assert await here.version() == 3


async def test_retiring_never_brings_an_older_version_back(bao, tmp_path):
    async with holding(with_role(bao, tmp_path)) as holder:
        for _ in range(3):
            await holder.rotate()
        place = f"transit/keys/{name_of(holder)}"
        bao.done("POST", f"{place}/config", {"min_decryption_version": 3})

        await holder.retire(2)
        await holder.retire(2)
        await holder.retire(1)

        facts = bao.done("GET", place)["data"]
        assert await holder.oldest() == facts["min_decryption_version"] == 3
        assert facts["min_available_version"] == 2


@pytest.mark.parametrize("where", ["strict", "plain"])
async def test_a_batch_that_is_too_long_for_the_server_is_halved(where, bao, tmp_path, monkeypatch):
    if where == "plain":
        monkeypatch.setattr(key, "_BATCH", 1000)
    async with (
        relaying(bao.ports[where]) as relay,
        holding(with_role(bao, tmp_path, port=relay.port)) as holder,
    ):
        keys = await holder.wrap(MANY)
        first = relay.times("transit/encrypt")
        again = await holder.rewrap(
            [Wrapped(one, item.context) for one, item in zip(keys, MANY, strict=True)]
        )

        assert await unwrapped(holder, again) == [item.key for item in MANY]
        # It is known by then how much the server takes.
        assert relay.times("transit/decrypt") < first


async def test_a_server_that_takes_not_even_one_is_no_use(bao, tmp_path):
    async with (
        relaying(bao.port) as relay,
        holding(with_role(bao, tmp_path, port=relay.port)) as holder,
    ):
        await holder.version()
        relay.fault = answering(400, b'{"errors":["exceeded maximum number of strings"]}')

        with pytest.raises(Misconfigured, match="400"):
            await holder.wrap(MANY)


async def test_a_key_may_lie_in_a_namespace(bao, tmp_path):
    namespace = bao.new_name()
    bao.done("POST", f"sys/namespaces/{namespace}")
    bao.settle(namespace)

    async with holding(with_role(bao, tmp_path, namespace=namespace, versions=False)) as holder:
        await holder.health()
        assert holder.id == f"hcvault:{namespace}/transit/keys/{name_of(holder)}"
        with pytest.raises(KeysDenied, match=f"bao write -namespace={namespace} -f"):
            await holder.rotate()


@pytest.mark.parametrize(
    "said", [{"namespace": "nowhere"}, {"mount": "nowhere"}, {"name": "nothing"}]
)
async def test_a_key_that_is_not_there_is_told_as_such(said, bao, monkeypatch):
    monkeypatch.setenv("BAO_TOKEN", bao.root)
    name, mount = said.pop("name", "a"), said.pop("mount", "transit")
    uri = address(bao, name, **said).replace("/transit/", f"/{mount}/")

    async with holding(uri) as holder:
        with pytest.raises(Misconfigured, match=r"has no key|refuses our login"):
            await holder.version()


@pytest.mark.parametrize("where", ["tls", "mutual"])
async def test_the_server_and_we_show_certificates(where, bao, tmp_path):
    file = bao.certificate
    ours = {"client_cert": file} if where == "mutual" else {}
    port = bao.ports[where]

    async with holding(with_role(bao, tmp_path, tls="on", port=port, ca=file, **ours)) as holder:
        await holder.health()


@pytest.mark.parametrize(
    ("where", "said", "words"),
    [
        ("tls", {}, "certificate of .* is not trusted"),
        ("tls", {"host": "localhost", "ca": True}, "certificate of .* is not trusted"),
        ("tls", {"tls": "off"}, "400"),
        ("mutual", {"ca": True}, "client-cert="),
        ("plain", {}, "do not agree on TLS"),
        ("tls", {"ca": "none"}, "ca= cannot be used"),
        ("tls", {"ca": True, "client_cert": "none"}, "client-cert= cannot be used"),
        ("tls", {"ca": "bao.hcl"}, "ca= cannot be used"),
    ],
)
async def test_a_server_that_is_not_who_it_should_be_is_not_told_anything(
    where, said, words, bao, tmp_path
):
    said = {"tls": "on", **said, "port": bao.ports[where]}
    for name in {"ca", "client_cert"} & said.keys():
        said[name] = bao.certificate if said[name] is True else bao.folder / said[name]
    host = said.pop("host", "127.0.0.1")
    uri = with_role(bao, tmp_path, **said).replace("127.0.0.1", host)

    async with holding(uri) as holder:
        with pytest.raises(Misconfigured, match=words):
            await holder.health()


def test_without_hvac_the_extra_to_install_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "hvac", None)

    with pytest.raises(Misconfigured, match=r"pip install 'connector-vault\[vault\]'"):
        open_keys("hcvault://127.0.0.1/transit/keys/a")
