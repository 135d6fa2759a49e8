"""The commands of `connector-vault`."""

import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from connector_vault.cli import logs
from connector_vault.cli.command import complain, offer
from connector_vault.cli.commands.add import add
from connector_vault.cli.commands.call import call
from connector_vault.cli.commands.connect import connect
from connector_vault.cli.commands.db import status, upgrade
from connector_vault.cli.commands.demo import demo
from connector_vault.cli.commands.disconnect import disconnect
from connector_vault.cli.commands.doctor import doctor
from connector_vault.cli.commands.emulate import emulate
from connector_vault.cli.commands.events import events
from connector_vault.cli.commands.init import init
from connector_vault.cli.commands.keys import create_key, list_keys, revoke_key
from connector_vault.cli.commands.listing import list_connections, show
from connector_vault.cli.commands.maintain import maintain
from connector_vault.cli.commands.mcp import mcp
from connector_vault.cli.commands.providers import providers
from connector_vault.cli.commands.restoring import anchor, restored
from connector_vault.cli.commands.rotation import key_status, retire_key, rotate_key, shred_keys
from connector_vault.cli.commands.serve import serve
from connector_vault.cli.commands.tools import tools
from connector_vault.cli.exits import OK, USAGE

__all__ = ["app", "main"]

app = typer.Typer(
    name="connector-vault",
    help="Keep people's tokens sealed and alive, and let agents act without holding one.\n\n"
    "Options stand after the command. Data goes to stdout, everything else to stderr.\n\n"
    "Exit codes: 0 ok, 1 failure, 2 usage, 3 doctor found problems, 4 not connected, "
    "5 not allowed, 6 keys unavailable, 7 timed out, 130 interrupted.",
    epilog="Begin with: connector-vault init",
    context_settings={"help_option_names": ["-h", "--help"]},
    # Its tracebacks show locals, and locals hold secrets.
    pretty_exceptions_enable=False,
)

keys = typer.Typer(
    help="Make, list and revoke access keys, which `serve` asks for. And look after the key that "
    "all data keys are wrapped under: status, rotate, retire, shred."
)
app.add_typer(keys, name="keys")

db = typer.Typer(
    help="Look at the database's schema, bring it up to date, and see whether it is of today."
)
app.add_typer(db, name="db")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and give its exit code."""
    _let_anything_be_written()
    given = list(sys.argv[1:] if arguments is None else arguments)
    logs.install()
    try:
        code: object = app(given, prog_name="connector-vault", standalone_mode=False)
    except typer.TyperException as error:
        complain("BadArguments", _usage(error), as_json="--json" in given)
        return USAGE
    return code if isinstance(code, int) else OK


@app.callback(invoke_without_command=True)
def _begin(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and end.")] = False,
) -> None:
    if version:
        from importlib.metadata import version as version_of

        sys.stdout.write(f"connector-vault {version_of('connector-vault')}\n")
        raise typer.Exit
    if context.invoked_subcommand is None:
        sys.stdout.write(f"{context.get_help()}\n")
        raise typer.Exit


def _let_anything_be_written() -> None:
    # A name that this terminal's encoding lacks is no reason to fail.
    reconfigure: Callable[..., object] | None = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _usage(error: typer.TyperException) -> str:
    message = error.format_message()
    if message.startswith("Got unexpected extra argument"):
        # It may be a secret that somebody hoped to pass this way.
        message = "There are too many arguments, which are not repeated here."
    return f"{message.rstrip('.')}: see --help"


offer(app, "init", init, "connector-vault init")
offer(app, "connect", connect, "connector-vault connect github --scope repo")
offer(app, "add", add, "connector-vault add openrouter < key.txt")
offer(app, "list", list_connections, "connector-vault list --provider github")
offer(app, "show", show, "connector-vault show con_abc")
offer(app, "tools", tools, "connector-vault tools --provider github --json")
offer(
    app,
    "call",
    call,
    "connector-vault call github.search_issues --arg q=is:open --arg per_page=5",
)
offer(app, "disconnect", disconnect, "connector-vault disconnect con_abc --yes")
offer(app, "events", events, "connector-vault events --follow --json")
offer(app, "maintain", maintain, "connector-vault maintain --json")
offer(app, "mcp", mcp, "connector-vault mcp --provider github --read-only")
offer(app, "serve", serve, "connector-vault serve --port 8700")
offer(keys, "create", create_key, "connector-vault keys create --name panel --everybody")
offer(keys, "list", list_keys, "connector-vault keys list")
offer(keys, "revoke", revoke_key, "connector-vault keys revoke key_abc")
offer(keys, "status", key_status, "connector-vault keys status --json")
offer(keys, "rotate", rotate_key, "connector-vault keys rotate --rate 1000")
offer(keys, "retire", retire_key, "connector-vault keys retire --yes")
offer(keys, "shred", shred_keys, "connector-vault keys shred --yes")
offer(db, "status", status, "connector-vault db status --json")
offer(db, "upgrade", upgrade, "connector-vault db upgrade")
offer(db, "anchor", anchor, "connector-vault db anchor")
offer(db, "restored", restored, "connector-vault db restored --ended events.jsonl")
offer(app, "providers", providers, "connector-vault providers", place=False)
offer(app, "emulate", emulate, "connector-vault emulate github --port 4100", place=False)
offer(app, "demo", demo, "connector-vault demo", place=False)
offer(app, "doctor", doctor, "connector-vault doctor --json")
