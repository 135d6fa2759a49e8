"""Play the providers on loopback, for tests and for trying things out without an account.

`https://HOST/PATH` is served at `{url}/HOST/PATH`. Time can be moved, requests can be made to fail,
and a provider's users can be made to do what users do::

    async with emulator.running("github") as world:
        await world.fault(host="github.com", path="/login/oauth/access_token", kind="drop")
        await world.advance(8 * 3600)
        await world.act("github", "revoke", login="octocat")
"""

from connector_vault.emulator.consent import consent_page
from connector_vault.emulator.deeds import details_of, person_of
from connector_vault.emulator.faults import Fault
from connector_vault.emulator.log import Entry
from connector_vault.emulator.routes import Routes
from connector_vault.emulator.server import serve
from connector_vault.emulator.site import Call, Clock, Consent, Site, json_reply
from connector_vault.emulator.world import World, attach, running

__all__ = [
    "Call",
    "Clock",
    "Consent",
    "Entry",
    "Fault",
    "Routes",
    "Site",
    "World",
    "attach",
    "consent_page",
    "details_of",
    "json_reply",
    "person_of",
    "running",
    "serve",
]
