"""Doing the next step's work while this one's goes on."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")

END: Final = object()


def ahead(items: Iterable[T], depth: int) -> Iterator[T]:
    """Yield the items in order, while a thread gets up to `depth` of the next ones.

    What getting an item raises is raised here, in the item's place.
    """
    source = iter(items)
    pool = ThreadPoolExecutor(1, thread_name_prefix="ahead")
    try:
        coming = deque(pool.submit(next, source, END) for _ in range(depth))
        while (item := coming.popleft().result()) is not END:
            coming.append(pool.submit(next, source, END))
            yield item  # type: ignore[misc]  # not END
    finally:
        pool.shutdown(cancel_futures=True)
