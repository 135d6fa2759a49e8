"""What whoever writes to a database may do to it, by name."""

from dataclasses import replace
from operator import itemgetter
from typing import NamedTuple

from connector_vault import Owner
from connector_vault.errors import Corrupt, Misconfigured, Shredded
from tests.deeds import ADA


class Scene(NamedTuple):
    """Whose tokens a database has, and who has read them."""

    vault: object
    begin: object
    """Opens the vault as a process does that has just begun."""
    raw: object
    ada: object
    """She is attacked, in favour of one of the others."""
    bob: object
    eve: object
    near: object
    """Hers too. Nobody touches it."""
    secrets: dict
    foreign: bytes
    """Her data key, wrapped for another store."""


def edit(scene, **columns):
    """Change Ada's row. Give what has to be asked for then."""
    changed = ", ".join(f'"{name}" = ?' for name in columns)
    scene.raw(f"update connection set {changed} where id = ?", *columns.values(), scene.ada.id)
    owner = Owner(tenant=columns.get("tenant", ADA.tenant), user=columns.get("user", ADA.user))
    return replace(scene.ada, id=columns.get("id", scene.ada.id), owner=owner)


def said(scene, connection, column):
    ((value,),) = scene.raw(f"select {column} from connection where id = ?", connection.id)
    return value


def graft(scene, other):
    """Put somebody's record and data key into Ada's row, and the key under her name."""
    owned = (ADA.tenant, scene.ada.id, other.id)
    scene.raw("update dek set tenant = ?, connection = ? where connection = ?", *owned)
    return edit(scene, sealed=said(scene, other, "sealed"), dek_id=said(scene, other, "dek_id"))


def reseal(scene, change):
    return edit(scene, sealed=change(said(scene, scene.ada, "sealed")))


def flipped(at):
    def flip(sealed):
        changed = bytearray(sealed)
        changed[at] ^= 1
        return bytes(changed)

    return flip


ROWS = {
    "swap-row-same-tenant": lambda of: edit(of, sealed=said(of, of.bob, "sealed")),
    "swap-row-cross-tenant": lambda of: edit(of, sealed=said(of, of.eve, "sealed")),
    "graft-blob+DEK": lambda of: graft(of, of.bob),
    "graft-blob+DEK-cross-tenant": lambda of: graft(of, of.eve),
    "kind-swap": lambda of: edit(of, kind="token"),
    "provider-rewrite": lambda of: edit(of, provider="openrouter"),
    "client-swap": lambda of: edit(of, client_id="Iv1.other", client="other"),
    "grant-swap": lambda of: edit(of, grant_id=said(of, of.bob, "grant_id")),
    "user-swap": lambda of: edit(of, user="bob"),
    "tenant-rename": lambda of: edit(of, tenant="evil"),
    "connection-rename": lambda of: edit(of, id="con_another"),
    "AAD-boundary": lambda of: edit(of, tenant="acm", user="eada"),
    "version-up": lambda of: edit(of, generation=2),
    "expiry-move": lambda of: edit(of, expires_at=said(of, of.ada, "expires_at") + 86_400_000),
    "expiry-never": lambda of: edit(of, expires_at=0),
    "suite-downgrade": lambda of: reseal(of, lambda sealed: b"\xc5\x00" + sealed[2:]),
    "suite-unknown": lambda of: reseal(of, lambda sealed: b"\xc5\x02" + sealed[2:]),
    "truncation": lambda of: reseal(of, itemgetter(slice(-1))),
    "nothing-left": lambda of: reseal(of, itemgetter(slice(0))),
    "extension": lambda of: reseal(of, lambda sealed: sealed + b"\0"),
    "flip-DEK-id": lambda of: reseal(of, flipped(2)),
    "flip-commitment": lambda of: reseal(of, flipped(18)),
    "flip-nonce": lambda of: reseal(of, flipped(50)),
    "flip-ciphertext": lambda of: reseal(of, flipped(62)),
    "flip-tag": lambda of: reseal(of, flipped(-1)),
}
"""What may be done to a row."""


def wrapped(scene, connection):
    ((found,),) = scene.raw("select wrapped from dek where connection = ?", connection.id)
    return found


def rewrap(scene, change):
    changed = change(wrapped(scene, scene.ada))
    scene.raw("update dek set wrapped = ? where connection = ?", changed, scene.ada.id)


def under(version):
    return lambda found: version.to_bytes(4) + found[4:]


def alter(statement):
    return lambda of: of.raw(f"{statement} where connection = ?", of.ada.id)


KEYS = {
    "DEK-row-deleted": (alter("delete from dek"), Shredded),
    "DEK-under-foreign-id": (lambda of: rewrap(of, lambda _: wrapped(of, of.bob)), Corrupt),
    "DEK-cross-tenant": (lambda of: rewrap(of, lambda _: wrapped(of, of.eve)), Corrupt),
    "foreign-store-DEK": (lambda of: rewrap(of, lambda _: of.foreign), Corrupt),
    "KEK-version-forged": (lambda of: rewrap(of, under(2)), Corrupt),
    "KEK-version-unknown": (lambda of: rewrap(of, under(7)), Corrupt),
    "holder-rewrite": (alter("update dek set holder = 'local:another'"), Misconfigured),
    "DEK-truncation": (lambda of: rewrap(of, itemgetter(slice(-1))), Corrupt),
    "DEK-nothing-left": (lambda of: rewrap(of, itemgetter(slice(0))), Corrupt),
    "DEK-extension": (lambda of: rewrap(of, lambda found: found + b"\0"), Corrupt),
    "flip-DEK-nonce": (lambda of: rewrap(of, flipped(4)), Corrupt),
    "flip-DEK-ciphertext": (lambda of: rewrap(of, flipped(16)), Corrupt),
    "flip-DEK-tag": (lambda of: rewrap(of, flipped(-1)), Corrupt),
}
"""What may be done to a wrapped key."""
