"""All that the emulated Instagram Login knows."""

from connector_vault.emulator import Clock

from ..._meta.emulation.instagram import Instagram
from .grants import App, Grants
from .people import PEOPLE, Person
from .policy import Policy

__all__ = ["BASIC", "CLIENT", "SCOPES", "Hub"]

CLIENT = App(
    id="instagram-emulator",
    secret="emulator-secret",
    name="Emulated App",
    redirect_uris=("http://127.0.0.1/callback",),
    loopback=True,
)
"""The app that exists from the start. Its secret is one only in name."""

BASIC = "instagram_business_basic"
"""Without it nothing else is granted."""

SCOPES = frozenset(
    {
        BASIC,
        "instagram_business_content_publish",
        "instagram_business_manage_comments",
        "instagram_business_manage_insights",
        "instagram_business_manage_messages",
    }
)


class Hub:
    """People, apps, grants, and what is on the accounts."""

    def __init__(self, clock: Clock) -> None:
        self.people = {one.login: one for one in PEOPLE}
        self.signed_in: Person = PEOPLE[0]
        """Who agrees next, where nobody is asked."""
        self.grantable: frozenset[str] | None = None
        """The scopes that are granted next, of those asked for. None: all."""
        self.policy = Policy()
        self.grants = Grants([CLIENT])
        self.gram = Instagram(clock, [one.account for one in PEOPLE], login="instagram")
        self.throttled: dict[str, float] = {}
        """Until when each account is asked too often."""
        self.failures: list[int] = []
        """Codes of the errors that the next calls get, whatever they ask."""
