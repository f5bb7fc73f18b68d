from collections.abc import Iterator
from threading import Event, current_thread, main_thread

import pytest

from forensics.ahead import ahead


def test_items_come_in_order() -> None:
    assert list(ahead(range(20), 3)) == list(range(20))
    assert list(ahead([], 3)) == []


def test_the_next_items_are_got_by_another_thread_before_they_are_asked_for() -> None:
    third = Event()

    def items() -> Iterator[bool]:
        for number in range(4):
            if number == 2:
                third.set()
            yield current_thread() is main_thread()

    found = ahead(items(), 2)
    assert next(found) is False
    assert third.wait(10)  # nobody asked for it


def test_an_exception_is_raised_in_its_items_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    found = ahead(items(), 3)
    assert next(found) == 1
    with pytest.raises(OSError, match="gone"):
        next(found)


def test_whoever_stops_early_leaves_no_thread_at_work() -> None:
    got: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            got.append(number)
            yield number

    found = ahead(items(), 2)
    assert isinstance(found, Iterator)
    next(found)
    found.close()  # type: ignore[attr-defined]  # a generator
    seen = len(got)
    assert seen <= 4
    assert len(got) == seen
