"""Who has an account."""

import hashlib
from dataclasses import dataclass

from ..._meta.emulation.instagram import Account

__all__ = ["PEOPLE", "Person", "scoped_id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can sign in."""

    account: Account

    @property
    def login(self) -> str:
        return self.account.username


PEOPLE = (
    Person(
        account=Account(
            id="17841405793187218",
            username="robin",
            name="Robin Redbreast",
            biography="Sings in winter.",
            website="https://robin.example",
            followers=1200,
            follows=80,
        )
    ),
    Person(
        account=Account(
            id="17841400008460056",
            username="wagtail",
            name="Wag Tail",
            account_type="MEDIA_CREATOR",
        )
    ),
    # Apps may not have it: the real Instagram asks to make it a professional one first.
    Person(
        account=Account(
            id="17841400000000333", username="sparrow", name="A. Sparrow", account_type="PERSONAL"
        )
    ),
)


def scoped_id(app: str, person: Person) -> str:
    """Give the id that somebody has for one app, and for no other."""
    digest = hashlib.sha256(f"{app}:{person.account.id}".encode()).digest()
    return str(24_000_000_000_000_000 + int.from_bytes(digest[:6]))
