"""The parts of a form, with the bytes of a file as they came (RFC 7578)."""

import re

__all__ = ["parts"]

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
_NAME = re.compile(rb'name="([^"]*)"')


def parts(kind: str, body: bytes) -> dict[str, bytes]:
    """Give each part's bytes by its name. What is no such form has none."""
    found = _BOUNDARY.search(kind)
    if not kind.lower().startswith("multipart/form-data") or found is None:
        return {}
    between = b"\r\n--" + found[1].encode()
    fields: dict[str, bytes] = {}
    for part in (b"\r\n" + body).split(between)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        if name := _NAME.search(head):
            fields[name[1].decode(errors="replace")] = content
    return fields
