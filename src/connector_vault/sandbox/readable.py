"""What a third party's code may read: Python, libraries, time zones, and its own package."""

import sysconfig
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import TZPATH

__all__ = ["readable_for"]

_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
"""What compiled modules are linked with."""

_PYTHON = ("stdlib", "platstdlib", "purelib", "platlib")


def readable_for(module: str) -> tuple[str, ...]:
    """Give the places that importing a module needs.

    Not the whole search path: the folder of a program is on it, with its database and its keys.
    """
    ours = (sysconfig.get_path(name) for name in _PYTHON)
    found = {*ours, *_LIBRARIES, *TZPATH, *_home(module.partition(".")[0])}
    return tuple(sorted(one for one in found if Path(one).exists()))


def _home(package: str) -> list[str]:
    spec = find_spec(package)
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return [str(Path(one).absolute()) for one in spec.submodule_search_locations]
    return [str(Path(spec.origin).absolute())] if spec.origin else []
