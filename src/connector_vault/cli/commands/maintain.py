"""`maintain`: do once what keeps connections alive, for whatever scheduler there is."""

from typing import TYPE_CHECKING

from connector_vault.cli.exits import FAILED, OK
from connector_vault.cli.paper import Answer, Table, working
from connector_vault.cli.place import Place
from connector_vault.documents import report_document

if TYPE_CHECKING:
    from connector_vault.model import Owner
    from connector_vault.reports import Report
    from connector_vault.vault import Vault

__all__ = ["maintain"]

_WORDS = {
    "landed": "replies of processes that had died, stored",
    "refreshed": "connections refreshed",
    "reconnect": "connections found dead: their owners have to consent again",
    "ended": "disconnects brought to their end",
    "failed": "connections to be tried again",
    "warned": "connections announced to end soon",
    "delivered": "events delivered to webhooks",
    "rewrapped": "data keys wrapped anew, under the newest version of the key",
    "renewed": "data keys replaced because of their age",
}


def maintain(place: Place) -> Answer:
    """Do what is due, once: for cron, or whatever scheduler there is.

    Connections are refreshed before their tokens end, unconfirmed disconnects are tried again,
    deaths announced, events delivered, data keys wrapped anew after a rotation, and what nobody
    needs any more is deleted.

    `serve`, `mcp` and every program that opens the vault do the same all the time. It is safe to
    run beside them. Ends with 1 if something has to be tried again.
    """
    with working("Looking for what is due …") as show:

        async def work(vault: "Vault", _: "Owner") -> "Report":
            return await vault.maintain(progress=lambda done: show(_line(done)))

        report = place.run(work)
    rows = [(str(number), _WORDS[name]) for name, number in report_document(report).items()]
    return Answer(
        {"report": report_document(report)}, (Table((), rows),), FAILED if report.failed else OK
    )


def _line(report: "Report") -> str:
    done = report.landed + report.refreshed + report.ended + report.warned + report.delivered
    done += report.rewrapped + report.renewed
    return f"{done:,} done, {report.failed:,} to be tried again …"
