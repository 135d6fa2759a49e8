"""Copy a vault's database while it is in use: backup.py FROM TO."""

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path


def main(source: Path, target: str) -> None:
    os.umask(0o077)
    with closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as vault:
        vault.execute("vacuum into ?", (target,))


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), sys.argv[2])
