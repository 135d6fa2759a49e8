"""Run `python -m connector_vault`."""

import sys

from connector_vault.cli import main

if __name__ == "__main__":
    sys.exit(main())
