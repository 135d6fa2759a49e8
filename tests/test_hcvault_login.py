"""Logging in at Transit's server: with what, for how long, and what happens when it ends."""

import os

import pytest

from connector_vault.errors import KeysDenied, KeysUnavailable, Misconfigured
from connector_vault.keys import Raw
from connector_vault.keys.hcvault import policy, token, tokens
from connector_vault.keys.hcvault.credential import Found
from connector_vault.keys.hcvault.token import Token
from connector_vault.model import Secret
from tests import openbao
from tests.deeds import until
from tests.holders.hcvault import address, holding, with_role
from tests.kubernetes import kubernetes, service_account
from tests.openbao_relay import answering, relaying

ITEM = Raw(bytearray(32), b"here")


@pytest.fixture(scope="module")
def bao():
    return openbao.server()


@pytest.fixture
async def relay(bao):
    async with relaying(bao.port) as relay:
        yield relay


@pytest.fixture(autouse=True)
def _no_tokens(monkeypatch):
    for name in [name for name in os.environ if name.startswith(("VAULT_", "BAO_"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def hasty(monkeypatch):
    """Renew at once, and try again soon."""
    monkeypatch.setattr(Token, "due", property(lambda self: self.since + 0.05))
    monkeypatch.setattr(tokens, "_AGAIN", 0.05)


def allowed(bao, **options):
    """Make a key and a token for it, and give its URI and that."""
    uri = address(bao, bao.key())
    return uri, bao.token(policy(uri), **options)


def held(holder):
    return holder._desk._tokens.held.secret.reveal()


@pytest.mark.parametrize("name", ["BAO_TOKEN", "VAULT_TOKEN"])
async def test_a_token_comes_from_the_environment(name, bao, monkeypatch):
    uri, secret = allowed(bao)
    monkeypatch.setenv("VAULT_TOKEN", "another")
    monkeypatch.setenv(name, secret)

    async with holding(uri) as holder:
        await holder.health()

    assert bao.lives(secret)


async def test_nothing_else_comes_from_the_environment(bao, monkeypatch, tmp_path):
    for name in ("VAULT_ADDR", "BAO_ADDR", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("VAULT_NAMESPACE", "nowhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".vault-token").write_text("another")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b")

    async with holding(with_role(bao, tmp_path)) as holder:
        await holder.health()


async def test_a_token_file_is_read_again_when_it_changes(bao, relay, tmp_path):
    file = tmp_path / "token"
    uri, first = allowed(bao)
    file.write_text(first)
    second = bao.token(policy(uri))
    through = address(bao, uri.rpartition("/")[2].partition("?")[0], port=relay.port)

    async with holding(f"{through}&auth=token-file&token-file={file}") as holder:
        await holder.wrap([ITEM])
        (tmp_path / "new").write_text(f"{second}\n")
        (tmp_path / "new").replace(file)
        bao.revoke(first)
        await holder.wrap([ITEM])

    assert relay.times("transit/encrypt") == 2
    assert bao.lives(second)


async def test_a_token_that_is_refused_is_read_again_and_denied_if_it_is_the_same(bao, tmp_path):
    file = tmp_path / "token"
    uri, first = allowed(bao)
    file.write_text(first)

    async with holding(f"{uri}&auth=token-file&token-file={file}") as holder:
        await holder.wrap([ITEM])
        bao.revoke(first)
        # The server does not tell whether it knows no such token, or the token has no such right.
        with pytest.raises(KeysDenied, match=r"token has not ended, or .* the policy"):
            await holder.wrap([ITEM])
        file.write_text(bao.token(policy(uri)))
        await holder.wrap([ITEM])


async def test_a_token_that_was_revoked_elsewhere_is_replaced_at_once(bao, relay, tmp_path):
    async with holding(with_role(bao, tmp_path, port=relay.port)) as holder:
        await holder.wrap([ITEM])
        first = held(holder)
        bao.revoke(first)

        await holder.wrap([ITEM])

        assert held(holder) != first
    assert relay.times("auth/approle/login") == 2


async def test_a_login_that_is_refused_is_not_repeated_at_once(bao, relay, tmp_path):
    """Servers lock a role out after five failures: for everybody, and for a quarter of an hour."""
    uri = with_role(bao, tmp_path, port=relay.port)
    (file,) = tmp_path.glob("secret-id-*")
    right = file.read_text()
    file.write_text("wrong")

    async with holding(uri) as holder:
        for _ in range(30):
            with pytest.raises(KeysDenied, match="login"):
                await holder.wrap([ITEM])
        assert relay.times("auth/approle/login") <= 3
        file.write_text(right)
        await holder.wrap([ITEM])


async def test_pauses_between_refused_logins_grow_and_end(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(tokens.time, "monotonic", lambda: now[0])
    pause, lengths = tokens._Pause(), []
    for _ in range(8):
        pause.begin()
        pause.begin()
        lengths.append(round(pause._until - now[0]))
        now[0] += lengths[-1]
        assert not pause.is_on

    assert lengths == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_a_token_is_renewed_though_nobody_asks(bao, tmp_path):
    async with holding(with_role(bao, tmp_path, lasts="2s")) as holder:
        await holder.version()
        mine = {"token": held(holder)}

        await until(lambda: "last_renewal" in bao.done("POST", "auth/token/lookup", mine)["data"])

        assert held(holder) == mine["token"]


@pytest.mark.parametrize("options", [{"token_type": "batch"}, {"token_explicit_max_ttl": "3s"}])
async def test_a_token_that_cannot_live_longer_is_replaced_before_it_ends(
    options, bao, tmp_path, hasty
):
    async with holding(with_role(bao, tmp_path, lasts="3s", role=options)) as holder:
        await holder.version()
        first = held(holder)

        await until(lambda: held(holder) != first)

        left = bao.done("POST", "auth/token/lookup", {"token": first})["data"]["ttl"]
        assert left >= 1
        await holder.wrap([ITEM])


async def test_a_renewal_that_fails_is_tried_again(bao, relay, tmp_path, hasty, caplog):
    async with holding(with_role(bao, tmp_path, port=relay.port)) as holder:
        await holder.version()
        relay.fault = answering(503)
        await until(lambda: "sealed" in caplog.text)
        relay.fault = None
        before = relay.times("auth/token/renew-self")

        await until(lambda: relay.times("auth/token/renew-self") > before + 1)

        assert held(holder) not in caplog.text


async def test_who_has_only_a_token_is_told_when_it_will_end(bao, monkeypatch, hasty, caplog):
    uri, secret = allowed(bao, renewable=False, ttl="30s")
    monkeypatch.setenv("BAO_TOKEN", secret)
    monkeypatch.setattr(token, "_is_renewable", lambda _: True)

    async with holding(uri) as holder:
        await holder.version()
        await until(lambda: "can be renewed no more" in caplog.text)
        await holder.wrap([ITEM])

    assert caplog.text.count("no more") == 1


def test_two_thirds_of_a_lease_pass_before_it_is_renewed():
    assert Token(Secret("s"), Found(Secret("f"), None), 900, True, 900, 100.0).due == 700.0


async def test_a_token_of_ours_ends_with_us(bao, tmp_path):
    async with holding(with_role(bao, tmp_path)) as holder:
        await holder.version()
        mine = held(holder)
        assert bao.lives(mine)

    assert not bao.lives(mine)


@pytest.mark.parametrize("content", ["", "two words", '{"wrap_info":{}}\n{}', "x" * 20_000, "ü"])
async def test_what_is_no_secret_is_not_sent(content, bao, tmp_path):
    file = tmp_path / "token"
    file.write_text(content)

    async with holding(f"{address(bao, 'a')}&auth=token-file&token-file={file}") as holder:
        with pytest.raises(Misconfigured, match="holds no secret"):
            await holder.version()


async def test_a_secret_that_is_missing_is_told_by_its_place(bao, tmp_path):
    uri = address(bao, "a")
    for more, words in (
        ("", "BAO_TOKEN"),
        (f"&auth=token-file&token-file={tmp_path / 'none'}", "none cannot be read"),
        (f"&auth=token-file&token-file={tmp_path}", "cannot be read"),
        ("&auth=kubernetes&role=a", "serviceaccount"),
    ):
        async with holding(uri + more) as holder:
            with pytest.raises(Misconfigured, match=words):
                await holder.version()


async def test_a_pod_logs_in_with_its_service_account(bao, tmp_path):
    name, jwt = bao.key(), tmp_path / "jwt"
    jwt.write_bytes(service_account())
    with kubernetes(bao) as mount:
        uri = f"{address(bao, name)}&auth=kubernetes&auth-mount={mount}&jwt-file={jwt}&role="
        bao.done("PUT", f"sys/policies/acl/{mount}", {"policy": policy(f"{uri}a")})
        bound = {"bound_service_account_names": "vault"}
        bound |= {"bound_service_account_namespaces": "agents", "token_policies": mount}
        bao.done("POST", f"auth/{mount}/role/vault", bound)

        async with holding(f"{uri}vault") as holder:
            await holder.health()
        async with holding(f"{uri}another") as holder:
            with pytest.raises(KeysDenied, match=f"auth/{mount}"):
                await holder.health()


async def test_logging_in_has_no_deadline_of_its_own(bao, relay, tmp_path):
    async with holding(with_role(bao, tmp_path, port=relay.port, timeout=0.4)) as holder:
        relay.delay = 0.25

        with pytest.raises(KeysUnavailable, match="in time"):
            await holder.version()

        assert relay.times("auth/approle/login") == 1
