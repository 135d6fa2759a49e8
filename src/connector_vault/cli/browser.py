"""Opening a link in somebody's browser."""

import subprocess
import sys

__all__ = ["open_browser"]

_OPEN = "import sys, webbrowser; webbrowser.open(sys.stdin.read())"


def open_browser(url: str) -> None:
    """Ask the platform to open a link. It is not waited for, and may fail unheard.

    In a process of its own: a browser writes what it likes to stdout, which is ours, and one that
    lives in the terminal would not return.
    """
    opener = subprocess.Popen(  # noqa: S603  # the command is ours, and the link goes to its stdin
        [sys.executable, "-I", "-c", _OPEN],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    if opener.stdin is not None:
        opener.stdin.write(url.encode())
        opener.stdin.close()
