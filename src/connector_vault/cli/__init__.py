"""The command line: `connector-vault`. It speaks to people and scripts, and decides nothing.

program     the commands, and `main`
command     what all of them share: options, one answer, one error, one exit code
place       which vault, and whose
"""

from connector_vault.cli.program import main

__all__ = ["main"]
