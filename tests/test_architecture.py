"""The house: rooms on floors, arrows that only go down, and what a room may touch.

It reads the imported package, wherever that lies: a checkout, or a wheel.
"""

import ast
import graphlib
import importlib.util
import pkgutil
import sys
from pathlib import Path

import pytest

import connector_vault
from connector_vault import registry

PACKAGE = "connector_vault"
PLUGS = f"{PACKAGE}.connectors"
SERVERS = f"{PACKAGE}.mcp_servers"
FLOORS = {
    "words": {"errors", "model", "news", "reports"},
    "plans": {"connector"},
    "workshop": {
        "declared",
        "documents",
        "envelope",
        "grants",
        "lifecycle",
        "oauth",
        "received",
        "schedule",
        "signature",
    },
    "edges": {
        "anchor",
        "answer",
        "audit",
        "catalog",
        "clients",
        "dressing",
        "egress",
        "emulator",
        "errand",
        "http",
        "journal",
        "keys",
        "masking",
        "redaction",
        "registry",
        "sandbox",
        "services",
        "settings",
        "stores",
    },
    "strongroom": {
        "access",
        "adoption",
        "announcing",
        "begun",
        "consent",
        "datakeys",
        "deliveries",
        "ending",
        "events",
        "forecast",
        "handout",
        "highwater",
        "intake",
        "keyring",
        "landing",
        "lease",
        "maintenance",
        "opening",
        "pasting",
        "refresh",
        "renewal",
        "restoration",
        "revocation",
        "room",
        "rotation",
        "undertaking",
        "unwrapping",
        "uses",
        "vault",
        "verdict",
        "webhooks",
    },
    "hall": {"gateway", "running"},
    "doors": {"__main__", "cli", "demo", "mcp_servers", "panel"},
}
LEVEL = {room: level for level, rooms in enumerate(FLOORS.values()) for room in rooms}
PURE = {
    "connector",
    "documents",
    "envelope",
    "errors",
    "lifecycle",
    "model",
    "news",
    "oauth",
    "received",
    "reports",
    "schedule",
    "signature",
}
IMPURE = {
    "asyncio",
    "http",
    "io",
    "os",
    "pathlib",
    "random",
    "select",
    "shutil",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib.request",
}
"""Modules with a clock, a socket, a file or an environment."""

IMPURE_CALLS = {"input", "now", "open", "print", "today", "utcnow"}
FOREIGN = {
    "asyncpg": {"cli", "stores"},
    "authlib": {"oauth"},
    "botocore": {"keys"},
    "cryptography": {"envelope", "keys"},
    "h11": {"cli", "emulator", "keys", "sandbox"},
    "httpx2": {"cli", "demo", "http"},
    "hvac": {"keys"},
    "mcp": {"mcp_servers"},
    "pkcs11": {"keys"},
    "platformdirs": {"cli", "settings"},
    "rich": {"cli", "demo"},
    "sqlite3": {"anchor", "cli", "demo", "stores"},
    "standardwebhooks": {"webhooks"},
    "starlette": {"panel"},
    "tenacity": {"refresh", "rotation", "stores"},
    "typer": {"__main__", "cli", "demo"},
    "uvicorn": {"cli"},
}
"""A library is behind one room, so that another can take its place."""

REVEALING = {
    "access.py",
    "adoption.py",
    "begun.py",
    "cli/commands/keys.py",
    "connector/wire.py",
    "demo/crowd.py",
    "demo/play.py",
    "dressing.py",
    "keyring.py",
    "keys/hcvault/line.py",
    "keys/hcvault/token.py",
    "keys/pkcs11/login.py",
    "oauth.py",
    "pasting.py",
    "received.py",
    "services/revocation.py",
    "webhooks.py",
}
"""Where a secret is taken out of its wrapping; and a connector's own revocation.py."""

KIN = {
    "facebook": ["_meta"],
    "instagram": ["_meta"],
    "instagram_facebook": ["_meta", "facebook", "instagram"],
}
"""Whose parts a connector may use: one provider's, that offers several."""

MOST_LINES = 300


def modules(package):
    """Give every module of a package, by its name."""
    found = {package: importlib.util.find_spec(package)}
    for one in pkgutil.walk_packages(found[package].submodule_search_locations, f"{package}."):
        if not one.name.startswith(PLUGS) or package != PACKAGE:
            found[one.name] = importlib.util.find_spec(one.name)
    # A checkout has more beside connectors/ that is no part of the package.
    home = Path(found[package].origin).parent
    paths = {name: Path(spec.origin) for name, spec in found.items() if spec and spec.origin}
    return {name: path for name, path in paths.items() if path.is_relative_to(home)}


def imports(name, path, *, at_once=False):
    """Give the names of all modules a module imports, anywhere in it or as soon as it is loaded."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if at_once else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            whole = importlib.util.resolve_name(base, home_of(name, path)) if node.level else base
            yield from (whole_name(whole, alias.name) for alias in node.names)


def home_of(name, path):
    return name if path.name == "__init__.py" else name.rpartition(".")[0]


def whole_name(base, name):
    """Tell a module from a name in one: `from connector_vault import lease` imports a module."""
    inner = f"{base}.{name}"
    return inner if inner in CORE else base


def room_of(name):
    return name.split(".")[1] if "." in name else ""


# Where connector_vault is a checkout's, its servers lie beside src/.
CORE = {**modules(PACKAGE), **modules(SERVERS)}
CONNECTORS = {
    name: path for plug in registry.names() for name, path in modules(f"{PLUGS}.{plug}").items()
}
ARROWS = {
    (room_of(name), room_of(other))
    for name, path in CORE.items()
    for other in imports(name, path)
    if other.split(".")[0] == PACKAGE and room_of(name) != room_of(other)
}


def test_every_room_was_found():
    """Else the tests below would hold whatever is done."""
    assert {room_of(name) for name in CORE} - {""} == set(LEVEL)
    assert f"{PACKAGE}.stores.sqlite.writer" in CORE
    assert f"{SERVERS}.tools" in CORE
    assert f"{PLUGS}.github.tools.issues" in CONNECTORS
    assert {("vault", "refresh"), ("refresh", "grants"), ("grants", "oauth")} <= ARROWS


def test_arrows_go_down():
    upwards = {
        (room, other) for room, other in ARROWS if room and other and LEVEL[other] > LEVEL[room]
    }

    assert upwards == set()


def test_no_arrows_go_round():
    graph = {room: {other for one, other in ARROWS if one == room and other} for room in LEVEL}

    assert list(graphlib.TopologicalSorter(graph).static_order())


def test_no_module_needs_itself():
    graph = {
        name: {one for one in imports(name, path, at_once=True) if one in CORE}
        for name, path in CORE.items()
    }

    assert list(graphlib.TopologicalSorter(graph).static_order())


def test_only_doors_use_the_contents_page():
    assert {room for room, other in ARROWS if not other} <= FLOORS["doors"] | {""}


@pytest.mark.parametrize("room", sorted(PURE))
def test_a_pure_room_touches_nothing(room):
    for name, path in CORE.items():
        if room_of(name) != room:
            continue
        assert not {one for one in imports(name, path) if one in IMPURE}, name
        tree = ast.parse(path.read_text(encoding="utf-8"))
        called = {called_name(node) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        allowed = {"open"} if room == "envelope" else set()
        assert not called & (IMPURE_CALLS - allowed), name


def called_name(call):
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def test_a_connector_knows_what_a_connector_is_made_of_and_nothing_else():
    for name, path in CONNECTORS.items():
        ours = {one for one in imports(name, path) if one.split(".")[0] == PACKAGE}
        plug = ".".join(name.split(".")[:3])
        played = name.split(".")[3:4] in (["emulator"], ["emulation"])
        allowed = {f"{PACKAGE}.connector"} | ({f"{PACKAGE}.emulator"} if played else set())
        kin = tuple(f"{PLUGS}.{one}" for one in KIN.get(plug.removeprefix(f"{PLUGS}."), ()))
        assert {one for one in ours if not one.startswith((plug, *kin))} <= allowed, name


def test_a_connector_does_not_know_its_own_emulator():
    for name, path in CONNECTORS.items():
        if name.split(".")[3:4] in (["emulator"], ["emulation"]):
            continue
        assert not [one for one in imports(name, path) if ".emulat" in one], name


def test_a_connector_imports_nothing_that_has_to_be_installed():
    known = sys.stdlib_module_names | {PACKAGE, "pydantic"}

    for name, path in CONNECTORS.items():
        assert {one.split(".")[0] for one in imports(name, path)} <= known, name


def test_the_core_imports_no_connector():
    for name, path in CORE.items():
        assert not [one for one in imports(name, path) if "connectors" in one.split(".")[:2]], name


@pytest.mark.parametrize("library", FOREIGN)
def test_a_library_is_behind_one_room(library):
    using = {
        room_of(name)
        for name, path in CORE.items()
        if library in {one.split(".")[0] for one in imports(name, path)}
    }

    assert using <= FOREIGN[library]


def test_secrets_are_revealed_where_it_is_listed():
    root = CORE[PACKAGE].parent
    revealing = {
        path.relative_to(root).as_posix()
        for path in CORE.values()
        if ".reveal" in path.read_text(encoding="utf-8")
    }

    assert revealing == REVEALING


def test_a_connector_reveals_only_to_renew_revoke_prove_and_verify():
    revealing = {
        path.name for path in CONNECTORS.values() if ".reveal" in path.read_text(encoding="utf-8")
    }

    assert revealing <= {"revocation.py", "notice.py", "proof.py", "steps.py"}


def test_nobody_reaches_into_a_secret():
    for name, path in {**CORE, **CONNECTORS}.items():
        if name != f"{PACKAGE}.model":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            reached = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            assert "_text" not in reached, name


def test_no_file_is_long():
    long = {
        name: lines
        for name, path in {**CORE, **CONNECTORS}.items()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    }

    assert long == {}


def test_the_package_says_that_it_has_types():
    assert (Path(connector_vault.__file__).parent / "py.typed").exists()
