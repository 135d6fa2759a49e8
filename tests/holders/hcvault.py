"""A key in OpenBao's Transit engine, and an AppRole that may do no more than is documented."""

from contextlib import asynccontextmanager

from connector_vault.keys import open_keys
from connector_vault.keys.hcvault import policy
from tests.openbao import server


def address(bao, name, *, port=None, **said):
    """Give the URI of a key."""
    options = {"tls": "off", **{key.replace("_", "-"): value for key, value in said.items()}}
    more = "&".join(f"{key}={value}" for key, value in options.items() if value is not None)
    return f"hcvault://127.0.0.1:{port or bao.port}/transit/keys/{name}?{more}"


def with_role(bao, folder, *, text=None, versions=True, lasts="20m", role=None, key=None, **said):
    """Make a key and an AppRole for it, which may what `policy` or `text` says; give the URI."""
    namespace = said.get("namespace")
    name = bao.key(namespace=namespace, **(key or {}))
    uri = address(bao, name, **said)
    allowed = policy(uri, versions=versions) if text is None else text.replace("NAME", name)
    options = {"token_ttl": lasts, **(role or {})}
    _, role_id, secret = bao.role(allowed, namespace=namespace, **options)
    file = folder / f"secret-id-{role_id}"
    file.write_text(f"{secret}\n")
    return f"{uri}&auth=approle&role-id={role_id}&secret-id-file={file}"


@asynccontextmanager
async def opened(folder):
    async with holding(with_role(server(), folder)) as holder:
        yield holder


@asynccontextmanager
async def holding(uri):
    holder = open_keys(uri)
    try:
        yield holder
    finally:
        await holder.close()
