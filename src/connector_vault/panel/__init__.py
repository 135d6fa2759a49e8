"""The panel: what an integrations page needs over HTTP, served alone or inside your own program.

    site.mount("/vault", panel.app(vault))

site        the addresses, and what each of them does
target      what is asked for, where the whole address is said
guard       what is refused before anybody asks who is there
identity    who is there
questions   what a query asks for
answers     how it looks when it goes wrong
health      for whoever watches over the process
"""

from connector_vault.panel.identity import Identify
from connector_vault.panel.site import app

__all__ = ["Identify", "app"]
