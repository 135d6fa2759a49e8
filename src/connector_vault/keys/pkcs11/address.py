"""The address of a key in a token: RFC 7512, as far as it is of use here."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from connector_vault.errors import Misconfigured

__all__ = ["Address", "address_of"]

_MAX = 4096
"""Characters. The longest path that Linux opens."""

_PATH = ("token", "serial", "manufacturer", "model", "slot-id", "object", "type")
_SLOT = ("slot-description", "slot-manufacturer")
_QUERY = ("module-path", "pin-source")

_VALUE = r"(?:[A-Za-z0-9_.~:\[\]@!$'()*+,=%s-]|%%[0-9A-Fa-f]{2})+"
_PATH_PART = re.compile(rf"([a-z-]+)=({_VALUE % '&'})")
_QUERY_PART = re.compile(rf"([a-z-]+)=({_VALUE % '/?|'})")
"""RFC 7512 §2.3."""

_FILE = re.compile(r"file:(?://(?:localhost)?)?(/[^/].*)", re.DOTALL)

_INSTEAD: Mapping[str, str] = {
    "pin-value": "holds no PIN, which would be seen by whoever sees the address: put it into a "
    "file of mode 600, and name that by pin-source=file:/PATH",
    "module-name": "takes no module-name: name the module's file by module-path=/PATH",
    "id": "takes no id: a key's versions have one label, object=, and their numbers as ids",
}
"""What is said of an attribute of RFC 7512 that is not taken."""

_FORM = "pkcs11:token=LABEL;object=LABEL?module-path=/PATH&pin-source=file:/PATH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Says which key in which token. What is None may be anything."""

    module: str
    """Path of the library that speaks with the token."""
    label: str
    """CKA_LABEL of every version of the key."""
    pin_file: str | None
    token: str | None
    serial: str | None
    manufacturer: str | None
    model: str | None
    slot: int | None
    slot_description: str | None
    slot_manufacturer: str | None


def address_of(uri: str) -> Address:
    """Read a `pkcs11:` URI.

    Raises:
        Misconfigured: it is malformed, or says what is not taken. No value of it is repeated.
    """
    path, mark, query = uri.removeprefix("pkcs11:").partition("?")
    if len(uri) > _MAX or (mark and not query):
        raise _malformed()
    said = _read(path, ";", _PATH_PART, (*_PATH, *_SLOT))
    asked = _read(query, "&", _QUERY_PART, _QUERY) if query else {}
    if said.get("type", "secret-key") != "secret-key":
        raise Misconfigured("the pkcs11: address has a type other than secret-key: leave it out")
    for name in ("object", "module-path"):
        if name not in said and name not in asked:
            raise Misconfigured(f"the pkcs11: address names no {name}: write it as {_FORM}")
    return Address(
        module=_absolute(asked["module-path"]),
        label=said["object"],
        pin_file=_pin_file(asked.get("pin-source")),
        token=said.get("token"),
        serial=said.get("serial"),
        manufacturer=said.get("manufacturer"),
        model=said.get("model"),
        slot=_number(said.get("slot-id")),
        slot_description=said.get("slot-description"),
        slot_manufacturer=said.get("slot-manufacturer"),
    )


def _read(
    text: str, separator: str, form: re.Pattern[str], taken: tuple[str, ...]
) -> dict[str, str]:
    said: dict[str, str] = {}
    for name, value in _parts(text, separator, form):
        if name in _INSTEAD:
            raise Misconfigured(f"the pkcs11: address {_INSTEAD[name]}")
        if name not in taken:
            # The name is not repeated: it may be part of a value that was not encoded.
            raise Misconfigured(f"the pkcs11: address takes {', '.join(taken)} there, and no more")
        if name in said:
            raise Misconfigured(f"the pkcs11: address says {name} twice")
        said[name] = _decoded(name, value)
    return said


def _parts(text: str, separator: str, form: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    for part in text.split(separator):
        # A PIN is refused as one even if it holds what should have been encoded.
        if part.startswith("pin-value"):
            yield "pin-value", ""
        found = form.fullmatch(part)
        if found is None:
            raise _malformed()
        yield found[1], found[2]


def _decoded(name: str, value: str) -> str:
    try:
        text = unquote_to_bytes(value).decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise Misconfigured(f"the pkcs11: address has a {name} that is no text in UTF-8")
    return text


def _absolute(path: str) -> str:
    # Another name would be looked for in folders that the environment names.
    if not path.startswith("/"):
        raise Misconfigured("the pkcs11: address has a module-path that does not begin with /")
    return path


def _pin_file(source: str | None) -> str | None:
    if source is None:
        return None
    found = _FILE.fullmatch(source)
    if found is None:
        words = "has a pin-source that is no file of this machine"
        raise Misconfigured(f"the pkcs11: address {words}: write it as pin-source=file:/PATH")
    return found[1]


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,20}", text):
        raise Misconfigured("the pkcs11: address has a slot-id that is not a number")
    return int(text)


def _malformed() -> Misconfigured:
    words = "is malformed; characters such as ; & # and a space are written as %3B %26 %23 %20"
    return Misconfigured(f"the pkcs11: address {words}: write it as {_FORM}")
