"""An event loop without threads, sockets or waiting, on which several processes live at once.

Time is a number that jumps to the next timer when nothing else can be done. Every callback belongs
to a lane: a process that can be killed, stopped and woken, and then everything in it is.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from itertools import count

__all__ = ["LANE", "Lane", "Loop", "Stuck"]


class Stuck(Exception):
    """Say that a schedule did not come to its end."""


class Lane:
    """Everything that runs in one process."""

    def __init__(self, name):
        self.name = name
        self.process = None
        self.rank = 0.0
        """Who has the highest goes first."""
        self.queue = deque()
        self.dead = False
        self.asleep = False

    @property
    def ready(self):
        return bool(self.queue) and not self.asleep

    def end(self):
        """Let nothing in it run any more."""
        self.dead = True
        self.queue.clear()


LANE: ContextVar[Lane] = ContextVar("LANE")


class Handle:
    """A callback that waits for its turn."""

    __slots__ = ("args", "callback", "cancelled_", "context", "lane")

    def __init__(self, callback, args, context, lane):
        self.callback, self.args, self.context, self.lane = callback, args, context, lane
        self.cancelled_ = False

    def cancel(self):
        self.cancelled_ = True
        self.callback = self.args = None

    def cancelled(self):
        return self.cancelled_


class Loop(asyncio.AbstractEventLoop):
    """Runs one lane until it comes to a point, then whichever `choose` gives."""

    def __init__(self, choose: Callable[[list[Lane]], Lane]):
        self._choose = choose
        self._now = 0.0
        self._timers = []
        self._numbers = count()
        self._home = Lane("world")
        self.lanes = [self._home]
        self.tasks = []
        self.failures = []
        """What went wrong that nobody was told of."""
        self.switch = False
        """Whether another lane may have its turn now."""

    def time(self):
        return self._now

    def get_debug(self):
        return False

    def is_running(self):
        return True

    def is_closed(self):
        return False

    def create_future(self):
        return asyncio.Future(loop=self)

    def create_task(self, coro, *, name=None, context=None):
        task = asyncio.Task(coro, loop=self, name=name or "task", context=context)
        self.tasks.append(task)
        return task

    def start(self, lane, coro):
        """Start a task in a lane."""
        context = copy_context()
        context.run(LANE.set, lane)
        return self.create_task(coro, context=context)

    def call_soon(self, callback, *args, context=None):
        handle = self._handle(callback, args, context)
        if not handle.lane.dead:
            handle.lane.queue.append(handle)
        return handle

    def call_at(self, when, callback, *args, context=None):
        handle = self._handle(callback, args, context)
        heapq.heappush(self._timers, (when, next(self._numbers), handle))
        return handle

    def call_later(self, delay, callback, *args, context=None):
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_exception_handler(self, context):
        self.failures.append(context)

    def run(self, coro, *, steps, until):
        """Run to the end of `coro`.

        Raises:
            Stuck: it took more steps, or more seconds, than it may.
        """
        asyncio._set_running_loop(self)
        try:
            return self._run(self.create_task(coro), steps, until)
        finally:
            self._put_down()
            asyncio._set_running_loop(None)

    def _run(self, task, steps, until):
        lane, home, lanes = self._home, self._home, self.lanes
        for _ in range(steps):
            if not lane.ready or (self.switch and lane is not home):
                self.switch = False
                ready = [one for one in lanes if one.queue and not one.asleep]
                while not ready:
                    self._pass_time(until)
                    ready = [one for one in lanes if one.queue and not one.asleep]
                lane = home if home.queue else self._choose(ready)
            handle = lane.queue.popleft()
            if not handle.cancelled_:
                handle.context.run(handle.callback, *handle.args)
            if task.done():
                return task.result()
        raise Stuck(f"it took more than {steps} steps")

    def _pass_time(self, until):
        timers = self._timers
        while timers and (timers[0][2].cancelled_ or timers[0][2].lane.dead):
            heapq.heappop(timers)
        if not timers:
            raise Stuck("everybody waits for nothing")
        self._now = max(self._now, timers[0][0])
        if self._now > until:
            raise Stuck(f"it took more than {until} seconds")
        while timers and timers[0][0] <= self._now:
            _, _, handle = heapq.heappop(timers)
            if not (handle.cancelled_ or handle.lane.dead):
                handle.lane.queue.append(handle)

    def _handle(self, callback, args, context):
        if context is None:
            context = copy_context()
        return Handle(callback, args, context, context.get(LANE) or self._home)

    def _put_down(self):
        """Take apart what did not end: nothing of it may run when it is collected."""
        for lane in self.lanes:
            lane.end()
        for task in self.tasks:
            task._log_destroy_pending = False
            if not task.done():
                _close(task.get_coro())
            elif not task.cancelled():
                task.exception()


def _close(coro):
    try:
        coro.close()
    except BaseException:  # noqa: BLE001  # the dead complain that they may do nothing
        return
