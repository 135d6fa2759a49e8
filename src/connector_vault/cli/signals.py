"""How a command that serves comes to its end."""

import asyncio
import signal

__all__ = ["end_with_signals"]


def end_with_signals() -> None:
    """Let Ctrl-C and SIGTERM cancel the task that calls this."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM):
        if task is not None:
            loop.add_signal_handler(number, task.cancel)
