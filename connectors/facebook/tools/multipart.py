"""A form with a file in it (RFC 7578)."""

from collections.abc import Mapping
from secrets import token_hex

from connector_vault.connector import File, Part, Parts, Request

__all__ = ["with_file"]


def with_file(path: str, fields: Mapping[str, str], file: File) -> Request:
    """Make a request whose form holds `fields`, and the file as `source`.

    The boundary cannot be foreseen, so that nothing in the file can pass for a field. Its name is
    not told: Facebook has no use for it.
    """
    boundary = token_hex(24)
    begin = f"--{boundary}\r\nContent-Disposition: form-data; name="
    plain = [f'{begin}"{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
    source = f'{begin}"source"; filename="source"\r\nContent-Type: application/octet-stream\r\n\r\n'
    head, tail = "".join([*plain, source]).encode(), f"\r\n--{boundary}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    whole = Part(file, range(file.size))
    return Request("POST", path, headers=kind, content=Parts((head, whole, tail)))
