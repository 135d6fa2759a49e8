"""A token of SoftHSM: an HSM that is software, and a folder on the disk."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from benchmarks.environ import told
from benchmarks.postgres import DISK

__all__ = ["MISSING", "serving"]

MISSING = "An HSM is not measured: apt-get install softhsm2, pip install python-pkcs11"

_PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
"""Debian, Fedora, Arch, from source, Homebrew."""

_SETTINGS = """
directories.tokendir = {folder}
objectstore.backend = file
log.level = ERROR
"""


@contextmanager
def serving() -> Generator[str | None]:
    """Make a token, and give the URI of a key that a new vault makes. None: it is not installed."""
    module = next((place for place in _PLACES if Path(place).exists()), None)
    program = shutil.which("softhsm2-util")
    if module is None or program is None or importlib.util.find_spec("pkcs11") is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="connector-vault-bench-", dir=DISK) as folder:
        settings, pin_file, pin = Path(folder, "conf"), Path(folder, "pin"), token_hex(8)
        settings.write_text(_SETTINGS.format(folder=folder))
        with open(pin_file, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as text:
            text.write(pin)
        with told(SOFTHSM2_CONF=str(settings)):
            made = (program, "--init-token", "--free", "--label", "bench")
            subprocess.run((*made, "--so-pin", pin, "--pin", pin), check=True, capture_output=True)
            yield f"pkcs11:token=bench;object=key?module-path={module}&pin-source=file:{pin_file}"
