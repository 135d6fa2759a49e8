"""Where connectors are found: ours by their folder, others' by their entry point.

A connector is imported when it is named and not before: installing a package must not run its code
in the process that holds the tokens.
"""

import re
import sys
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from inspect import iscoroutinefunction
from pkgutil import iter_modules
from types import ModuleType
from typing import NamedTuple

from connector_vault.connector import Connector, Tool
from connector_vault.errors import BadArguments, Misconfigured

__all__ = [
    "GROUP",
    "NAME",
    "Place",
    "is_ours",
    "load",
    "names",
    "ours",
    "part",
    "place",
    "played_by",
]

GROUP = "connector_vault.connectors"
"""The entry-point group for connectors in other packages: `name = "package:connector"`."""

_OURS = "connector_vault.connectors"
_NAMED = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_REQUEST = re.compile(r"(?:DELETE|GET|PATCH|POST|PUT) (?:https://[^\s/?#]+)?/[^\s?#]*")
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Place(NamedTuple):
    """Where a connector is imported from."""

    module: str
    name: str


def ours() -> tuple[Place, ...]:
    """Give the places of the connectors that come with this package."""
    return tuple(Place(f"{_OURS}.{name}", "connector") for name in sorted(_folders()))


def is_ours(name: str) -> bool:
    """Tell whether a name is that of a connector that comes with this package."""
    return name in _folders()


def names() -> tuple[str, ...]:
    """Give the name of every connector that is installed, without importing one."""
    return tuple(sorted({*_folders(), *(point.name for point in _points(tuple(sys.path)))}))


def load(name: str) -> Connector:
    """Import one connector by its name. One of ours wins over another's of the same name.

    Raises:
        BadArguments: no connector has this name; the message lists those that exist.
        Misconfigured: its module does not hold a connector of that name.
    """
    return _loaded(name, tuple(sys.path))


@lru_cache(maxsize=256)
def _loaded(name: str, _path: tuple[str, ...]) -> Connector:
    module, attribute = place(name)
    found: object = getattr(_import(module), attribute, None)
    if not isinstance(found, Connector) or found.name != name:
        msg = f"{module}:{attribute} is not a Connector named {name!r}: tell its author"
        raise Misconfigured(msg)
    for tool in found.tools:
        if fault := _fault(found, tool):
            raise Misconfigured(f"{name}.{tool.name} {fault}: tell its author")
    return found


def part(name: str, submodule: str) -> ModuleType | None:
    """Import a further module of a connector, such as its `emulator`. None if it has none."""
    module, _ = place(name)
    is_package = hasattr(_import(module), "__path__")
    if not is_package or find_spec(f"{module}.{submodule}") is None:
        return None
    return _import(f"{module}.{submodule}")


def played_by(name: str) -> ModuleType | None:
    """Import the emulator of a connector's provider: its own, or its family's. None: there is none.

    Raises as `part` and `load` do.
    """
    own = part(name, "emulator")
    oauth = load(name).oauth if own is None else None
    return part(oauth.family, "emulator") if oauth and oauth.family else own


def place(name: str) -> Place:
    """Find a connector, without importing it.

    Raises:
        BadArguments: no connector has this name.
        Misconfigured: several packages offer one.
    """
    if not NAME.fullmatch(name):
        # Not repeated: somebody may have passed a token by mistake.
        raise BadArguments(f"no connector has this name: there are {', '.join(names())}")
    if find_spec(f"{_OURS}.{name}") is not None:
        return Place(f"{_OURS}.{name}", "connector")
    points = [point for point in _points(tuple(sys.path)) if point.name == name]
    if len(points) > 1:
        places = ", ".join(sorted(point.value for point in points))
        msg = f"several packages offer a connector {name!r} ({places}): uninstall all but one"
        raise Misconfigured(msg)
    if not points:
        msg = f"no connector is named {name!r}: there are {', '.join(names())}"
        raise BadArguments(msg)
    return Place(points[0].module, points[0].attr)


def _fault(connector: Connector, tool: Tool) -> str:
    """Say what is wrong with a tool before anybody calls it. Empty: nothing."""
    if [one.name for one in connector.tools].count(tool.name) > 1:
        return "is there twice"
    if isinstance(tool.function, str):
        if not _NAMED.fullmatch(tool.function):
            return "is not named as package.module:function"
    elif not iscoroutinefunction(tool.function):
        return "is not an async function"
    if not all(_REQUEST.fullmatch(one) for one in tool.requests):
        return "names a request that is not written as in GET /notes/{}"
    return ""


@lru_cache(maxsize=1)
def _folders() -> frozenset[str]:
    package = import_module(_OURS)
    found = (one.name for one in iter_modules(package.__path__) if one.ispkg)
    # What several connectors share is none.
    return frozenset(name for name in found if not name.startswith("_"))


@lru_cache(maxsize=8)
def _points(_path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    # Once for each search path: it reads the metadata of everything that is installed.
    return tuple(entry_points(group=GROUP))


def _import(module: str) -> ModuleType:
    try:
        return import_module(module)
    except (Exception, SystemExit) as error:
        # It is somebody else's code: one that fails must not take the others with it.
        what = type(error).__name__
        msg = f"connector module {module} cannot be imported ({what}): update or uninstall it"
        raise Misconfigured(msg) from error
