"""The contents page."""

import ast
import inspect
import subprocess
import sys

import pytest

import connector_vault
from connector_vault import connector, emulator

PUBLIC = {name: getattr(connector_vault, name) for name in connector_vault.__all__}
PLANS = {name: getattr(connector, name) for name in connector.__all__}
PLAYED = {name: getattr(emulator, name) for name in emulator.__all__}
ALIASES = {"Consent", "Effect", "Ending", "Json", "Steps"}
"""What has no docstring, because a type alias cannot have one."""

KINDS = [name for name in {**PUBLIC, **PLANS, **PLAYED} if name not in ALIASES]
QUIET = "import logging, sys, threading; import connector_vault; "


def documented(thing):
    """Give what of a public thing needs a docstring: itself and its public methods."""
    yield thing
    if inspect.isclass(thing):
        for name, member in vars(thing).items():
            if not name.startswith("_") and (inspect.isfunction(member) or is_bound(member)):
                yield getattr(member, "__func__", member)


def is_bound(member):
    return isinstance(member, staticmethod | classmethod)


def test_the_contents_page_is_sorted_and_short():
    assert connector_vault.__all__ == sorted(connector_vault.__all__)
    assert len(connector_vault.__all__) <= 20
    assert set(connector_vault.__all__) <= set(dir(connector_vault))


def test_everything_public_is_named_on_the_contents_page():
    modules = {name for name, value in vars(connector_vault).items() if inspect.ismodule(value)}
    names = {name for name in vars(connector_vault) if not name.startswith("_")}

    assert names - modules - {"Path", "TYPE_CHECKING"} <= set(connector_vault.__all__)


@pytest.mark.parametrize("name", KINDS)
def test_every_public_thing_says_what_it_is_for(name):
    for one in documented({**PUBLIC, **PLANS, **PLAYED}[name]):
        text = inspect.getdoc(one)
        assert text, one
        assert text.splitlines()[0].endswith((".", ":")), one


@pytest.mark.parametrize("name", ["Vault", "Gateway"])
def test_every_method_names_what_it_raises(name):
    """What a caller has to be ready for stands where the call is explained."""
    for method in documented(PUBLIC[name]):
        text = inspect.getdoc(method) or ""
        if "Raises:" in text:
            told = text.split("Raises:")[1].split(":")[0]
            for error in told.replace(",", " ").split():
                assert hasattr(connector_vault.errors, error), (method, error)


def test_every_error_can_be_found_by_its_name():
    assert set(connector_vault.errors.__all__) == {
        node.name
        for node in ast.parse(inspect.getsource(connector_vault.errors)).body
        if isinstance(node, ast.ClassDef)
    }


def test_an_import_does_nothing():
    check = (
        "assert threading.active_count() == 1; assert not logging.getLogger().handlers; "
        "assert not [name for name in sys.modules if name.startswith('connector_vault.connectors')]"
    )

    subprocess.run([sys.executable, "-I", "-W", "error", "-c", QUIET + check], check=True)


def test_an_import_brings_nothing_that_is_not_needed():
    """What only the command line, the emulator or another store needs comes when it is needed."""
    check = (
        "late = {'typer', 'rich', 'httpx2', 'cryptography', 'pydantic', 'starlette', 'uvicorn', "
        "'connector_vault.emulator', 'connector_vault.cli', 'connector_vault.panel', "
        "'connector_vault.vault', 'connector_vault.gateway'}; "
        "assert not late & set(sys.modules), late & set(sys.modules)"
    )

    subprocess.run([sys.executable, "-I", "-c", QUIET + check], check=True)
