"""Work side by side: the next step's while this one's goes on, or several items at a time."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

T = TypeVar("T")
R = TypeVar("R")

END: Final = object()


def prefetch(items: Iterable[T], depth: int) -> Iterator[T]:
    """Yield the items in order, while a thread gets up to `depth` of the next ones.

    What getting an item raises is raised here, in the item's place.
    """
    source = iter(items)
    pool = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
    try:
        coming = deque(pool.submit(next, source, END) for _ in range(depth))
        while (item := coming.popleft().result()) is not END:
            coming.append(pool.submit(next, source, END))
            yield item  # type: ignore[misc]  # not END
    finally:
        pool.shutdown(cancel_futures=True)


def parallel_map(
    function: Callable[[T], R], items: Iterable[T], at_once: int
) -> Iterator[tuple[T, R]]:
    """Yield every item with what the function makes of it, in order, `at_once` of them in threads at a time.

    What getting an item or the function raises is raised here, in the item's place.
    """
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="parallel-map")
    begun: deque[tuple[T, Future[R]]] = deque()
    try:
        for item in items:
            begun.append((item, pool.submit(function, item)))
            if len(begun) > at_once:
                first, result = begun.popleft()
                yield first, result.result()
        for first, result in begun:
            yield first, result.result()
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def single_thread() -> Iterator[int]:
    """Let torch compute each call in one thread, and give the number of threads it had.

    MTCNN is hundreds of tiny steps, and on busy cores threads wait for each other at each: measured beside another
    busy process on 2 cores, 2 threads took 4 times as long as one. Whole batches in threads of their own do not wait.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)
