"""A pool of threads that the program does not wait for when it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Workers:
    """`with Workers(4, "scan") as workers: future = workers.submit(work, ...)`

    Leaving the block waits for all that was submitted.

    Not `concurrent.futures.ThreadPoolExecutor`, because the program could not end while a service
    hangs: at exit the interpreter joins the threads of every executor before it runs the handlers
    of `atexit`, and such a handler is what stops our run (source: the Python documentation of
    ThreadPoolExecutor). These threads are daemons, which the interpreter does not wait for.
    """

    def __init__(self, count: int, name: str) -> None:
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True)
            for number in range(count)
        ]

    def __enter__(self) -> Workers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for _thread in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()

    def submit(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        future: Future[R] = Future()

        def task() -> None:
            try:
                result = work(*args, **kwargs)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        self._tasks.put(task)
        return future

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()
            del task  # It would hold its picture in memory while this thread waits for the next.
