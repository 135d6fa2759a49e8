"""What the vault needs to be allowed to do, and what whoever keeps the key may have to do."""

from connector_vault.keys.hcvault.address import Address, address_of

__all__ = ["making", "policy", "retiring", "rotating"]


def policy(uri: str, *, versions: bool = False) -> str:
    """Give the policy, in HCL, that lets a vault use the key at `uri`, and nothing else.

    With `versions` the vault may rotate the key and retire its old versions too, which is best left
    to whoever keeps the key.

    Raises:
        Misconfigured: the URI is malformed.
    """
    address = address_of(uri)
    mount, name = address.mount, address.name
    paths = [
        (f"{mount}/keys/{name}", "read"),
        *((f"{mount}/{deed}/{name}", "update") for deed in ("encrypt", "decrypt", "rewrap")),
        # Of its own token. The policy `default` has these too, but a role may leave that out.
        ("auth/token/lookup-self", "read"),
        ("auth/token/renew-self", "update"),
        ("auth/token/revoke-self", "update"),
    ]
    if versions:
        deeds = ("rotate", "config", "trim")
        paths += [(f"{mount}/keys/{name}/{deed}", "update") for deed in deeds]
    return "".join(f'path "{path}" {{ capabilities = ["{may}"] }}\n' for path, may in paths)


def making(address: Address, kind: str) -> str:
    """Give the command that makes a key beside this one."""
    write = f"bao write{_namespace(address)} -f {address.mount}/keys/NAME"
    return f"{write} type={kind} derived=true"


def rotating(address: Address) -> str:
    """Give the command that rotates the key."""
    return f"bao write{_namespace(address)} -f {address.key}/rotate"


def retiring(address: Address, before: int) -> str:
    """Give the commands that destroy the key's old versions."""
    write = f"bao write{_namespace(address)} {address.key}"
    least = f"min_decryption_version={before} min_encryption_version={before}"
    return f"{write}/config {least} && {write}/trim min_available_version={before}"


def _namespace(address: Address) -> str:
    return f" -namespace={address.namespace}" if address.namespace else ""
