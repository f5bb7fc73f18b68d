from collections.abc import Iterator
from threading import Barrier, Event, current_thread, main_thread

import pytest

from forensics.concurrency import parallel_map, prefetch, single_thread


def test_items_come_in_order() -> None:
    assert list(prefetch(range(20), 3)) == list(range(20))
    assert list(prefetch([], 3)) == []


def test_the_next_items_are_got_by_another_thread_before_they_are_asked_for() -> None:
    third = Event()

    def items() -> Iterator[bool]:
        for number in range(4):
            if number == 2:
                third.set()
            yield current_thread() is main_thread()

    found = prefetch(items(), 2)
    assert next(found) is False
    assert third.wait(10)  # nobody asked for it


def test_an_exception_is_raised_in_its_items_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    found = prefetch(items(), 3)
    assert next(found) == 1
    with pytest.raises(OSError, match="gone"):
        next(found)


def test_whoever_stops_early_leaves_no_thread_at_work() -> None:
    got: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            got.append(number)
            yield number

    found = prefetch(items(), 2)
    assert isinstance(found, Iterator)
    next(found)
    found.close()  # type: ignore[attr-defined]  # a generator
    seen = len(got)
    assert seen <= 4
    assert len(got) == seen


def test_items_worked_on_side_by_side_come_out_in_order() -> None:
    begun = Barrier(2, timeout=10)

    def squared(number: int) -> int:
        begun.wait()  # passed only by two at a time
        return number * number

    assert list(parallel_map(squared, range(4), 2)) == [(0, 0), (1, 1), (2, 4), (3, 9)]


def test_side_by_side_begins_no_more_than_can_soon_be_taken() -> None:
    got: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            got.append(number)
            yield number

    assert next(parallel_map(str, items(), 2)) == (0, "0")
    assert got == [0, 1, 2]


def test_what_a_function_raises_side_by_side_is_raised_in_its_items_place() -> None:
    found = parallel_map(lambda number: 1 // number, (1, 0, 2), 2)
    assert next(found) == (1, 1)
    with pytest.raises(ZeroDivisionError):
        next(found)


def test_torchs_own_threads_come_back() -> None:
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    with single_thread() as threads:
        assert (threads, torch.get_num_threads()) == (before, 1)
    assert torch.get_num_threads() == before
