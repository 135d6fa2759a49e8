"""With whose credentials AWS KMS is asked, and that nothing sends keys where others read them."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connector_vault.errors import KeysDenied, KeysUnavailable, Misconfigured
from tests.holders.aws_kms import opening, wrapped
from tests.kms import LASTING, relaying, server, told

DAY = timedelta(days=1)


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


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Give the file in which AWS's tools look for credentials, and nothing else to find."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setattr("connector_vault.keys.aws_kms.calls._OLD", 0.0)
    return tmp_path


def credentials(files, profile="default"):
    text = f"[{profile}]\naws_access_key_id=AKIATESTING\naws_secret_access_key=testing\n"
    (files / "credentials").write_text(text)


async def test_credentials_that_come_later_are_found(kms, opened, files):
    holder = opened(kms.address())
    with pytest.raises(KeysDenied, match="no AWS credentials"):
        await holder.health()

    credentials(files)

    assert await holder.health() is None


async def test_credentials_that_expired_are_looked_for_again(relay, opened, files):
    credentials(files)
    holder = opened(relay.address())
    await wrapped(holder)
    relay.fail("Encrypt", 400, "ExpiredTokenException")
    with pytest.raises(KeysDenied, match="have expired"):
        await wrapped(holder)
    relay.mend()
    (files / "credentials").write_text("[default]\n")

    with pytest.raises(KeysDenied, match="no AWS credentials"):
        await wrapped(holder)


async def test_a_profile_is_used_if_one_is_named(kms, opened, files):
    credentials(files, "vault")

    assert await opened(kms.address(profile="vault")).health() is None
    with pytest.raises(KeysDenied, match="no AWS credentials"):
        await opened(kms.address()).health()
    with pytest.raises(Misconfigured, match="ProfileNotFound"):
        await opened(kms.address(profile="other")).health()


@pytest.mark.parametrize(
    ("status", "code", "kind", "message"),
    [
        (403, "AccessDenied", KeysDenied, "AssumeRole .* AWS does not accept the credentials"),
        (400, "InvalidIdentityToken", KeysDenied, "AWS does not accept the credentials"),
        (400, "Throttling", KeysUnavailable, "try again"),
        (500, "InternalFailure", KeysUnavailable, "try again"),
    ],
)
async def test_who_gives_credentials_may_fail_too(
    relay, opened, files, status, code, kind, message
):
    role = "role_arn=arn:aws:iam::123456789012:role/vault\nsource_profile=default\n"
    (files / "config").write_text(f"[profile vault]\n{role}")
    credentials(files)
    body = f"<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>"
    head = f"HTTP/1.1 {status} X\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}"
    relay.say("AssumeRole", f"{head}\r\nConnection: close\r\n\r\n{body}".encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_STS", relay.url)
        holder = opened(relay.address(profile="vault"))

        with pytest.raises(kind, match=message):
            await wrapped(holder)

    assert set(relay.actions()) == {"AssumeRole"}


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(opened, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path))
    listener = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        holder = opened(f"aws-kms://{LASTING}?endpoint=https://127.0.0.1:{port}")

        with pytest.raises(Misconfigured, match="certificate of AWS KMS is not trusted"):
            await wrapped(holder)


def certificate(folder):
    """Make a certificate for this machine that only it believes, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - DAY).not_valid_after(now + DAY)
    made = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    shown = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "both.pem").write_bytes(key.private_bytes(*shown) + made)
    return folder / "both.pem"


async def test_no_setting_of_aws_sends_keys_in_clear(opened):
    with told(AWS_ENDPOINT_URL_KMS="http://kms.example"):
        holder = opened(f"aws-kms://{LASTING}")

        with pytest.raises(Misconfigured, match="AWS_ENDPOINT_URL"):
            await wrapped(holder)


async def test_no_proxy_stands_before_a_kms_on_this_machine(kms, opened, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert await opened(kms.address()).health() is None
