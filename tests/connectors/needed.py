"""Clients that are not ours, and that not every machine has."""

import os
from importlib import import_module

import pytest


def needed(module):
    """Import what not every machine has. Where nothing may be skipped, its absence is a failure."""
    try:
        return import_module(module)
    except ImportError:
        wanted = f"install {module}"
        if os.environ.get("CONNECTOR_VAULT_REQUIRE_ALL") == "1":
            pytest.fail(wanted)
        pytest.skip(wanted, allow_module_level=True)
