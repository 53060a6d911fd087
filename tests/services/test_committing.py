"""One commit for all who wait; each hears of its own."""

import asyncio
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from faxhooks.domain.errors import UnavailableError
from faxhooks.services.committing import MOST, GroupCommit, TaskCommit


class Disk:
    """A commit that takes a while, and remembers who was in it."""

    def __init__(self, seconds: float = 0.02) -> None:
        self.seconds = seconds
        self.groups: list[list[int]] = []
        self.running = 0
        self.most_running = 0
        self._lock = threading.Lock()

    async def commit_soon(self, items: Sequence[int], until: float) -> list[int]:
        return await asyncio.to_thread(self.commit, items, until)

    def commit(self, items: Sequence[int], until: float) -> list[int]:
        with self._lock:
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        time.sleep(self.seconds)
        with self._lock:
            self.running -= 1
            self.groups.append(list(items))
        if any(item < 0 for item in items):
            raise ValueError("a bad item")
        return [item * 10 for item in items]


def soon(seconds: float = 5.0) -> float:
    return time.monotonic() + seconds


def test_a_lone_item_does_not_wait_for_company() -> None:
    disk = Disk(seconds=0)
    started = time.monotonic()
    assert GroupCommit(disk.commit).submit(4, soon()) == 40
    assert time.monotonic() - started < 0.1


def test_a_crowd_shares_commits_and_each_gets_its_own_answer() -> None:
    disk = Disk()
    commits: GroupCommit[int, int] = GroupCommit(disk.commit)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda item: commits.submit(item, soon()), range(1000)))
    assert answers == [item * 10 for item in range(1000)]
    assert sorted(item for group in disk.groups for item in group) == list(range(1000))
    assert disk.most_running == 1
    assert len(disk.groups) < 200
    assert max(len(group) for group in disk.groups) <= MOST


def test_a_bad_item_costs_the_others_nothing() -> None:
    disk = Disk()
    commits: GroupCommit[int, int] = GroupCommit(disk.commit)

    def submit(item: int) -> int | str:
        try:
            return commits.submit(item, soon())
        except ValueError as error:
            return str(error)

    items = [item if item % 7 else -item - 1 for item in range(100)]
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(submit, items))
    assert answers == [item * 10 if item >= 0 else "a bad item" for item in items]


def test_who_is_out_of_time_is_told_so_while_the_commit_still_runs() -> None:
    disk = Disk(seconds=0.8)
    commits: GroupCommit[int, int] = GroupCommit(disk.commit)
    with ThreadPoolExecutor(2) as pool:
        leader = pool.submit(commits.submit, 1, soon())
        time.sleep(0.1)
        started = time.monotonic()
        with pytest.raises(UnavailableError):
            commits.submit(2, soon(0.3))
        assert time.monotonic() - started < 0.6
        assert leader.result() == 10
    assert commits.submit(3, soon()) == 30
    assert [item for group in disk.groups for item in group] == [1, 3]


def test_a_database_that_does_not_answer_is_told_to_all_who_waited() -> None:
    def commit(items: Sequence[int], until: float) -> list[int]:
        time.sleep(0.05)
        raise UnavailableError("away")

    commits: GroupCommit[int, int] = GroupCommit(commit)

    def submit(item: int) -> bool:
        try:
            commits.submit(item, soon())
        except UnavailableError:
            return True
        return False

    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(submit, range(40)))


def test_tasks_share_commits_and_each_gets_its_own_answer() -> None:
    disk = Disk()
    commits: TaskCommit[int, int] = TaskCommit(disk.commit_soon)

    async def all_at_once() -> list[int | BaseException]:
        tasks = [commits.submit(item, soon()) for item in range(500)]
        return await asyncio.gather(*tasks, return_exceptions=True)

    assert asyncio.run(all_at_once()) == [item * 10 for item in range(500)]
    assert [item for group in disk.groups for item in group] == list(range(500))
    assert disk.most_running == 1
    assert [len(group) for group in disk.groups] == [MOST] * (500 // MOST) + [500 % MOST]


def test_one_bad_item_costs_other_tasks_nothing() -> None:
    async def commit(items: Sequence[int], _until: float) -> list[int]:
        if 3 in items:
            raise ValueError("3 cannot be committed")
        return [item * 10 for item in items]

    commits: TaskCommit[int, int] = TaskCommit(commit)

    async def all_at_once() -> list[int | BaseException]:
        tasks = [commits.submit(item, soon()) for item in range(5)]
        return await asyncio.gather(*tasks, return_exceptions=True)

    *others, last = (each for n, each in enumerate(asyncio.run(all_at_once())) if n != 3)
    assert [*others, last] == [0, 10, 20, 40]
    assert isinstance(asyncio.run(all_at_once())[3], ValueError)


def test_a_task_that_is_out_of_time_is_told_so_while_the_commit_still_runs() -> None:
    disk = Disk(seconds=0.8)
    commits: TaskCommit[int, int] = TaskCommit(disk.commit_soon)

    async def story() -> None:
        leader = asyncio.create_task(commits.submit(1, soon()))
        await asyncio.sleep(0.1)
        started = time.monotonic()
        with pytest.raises(UnavailableError):
            await commits.submit(2, soon(0.3))
        assert time.monotonic() - started < 0.6
        assert await leader == 10
        assert await commits.submit(3, soon()) == 30

    asyncio.run(story())
    assert [item for group in disk.groups for item in group] == [1, 3]


def test_a_task_that_leads_without_time_leaves_at_once_and_the_next_leads() -> None:
    disk = Disk()
    commits: TaskCommit[int, int] = TaskCommit(disk.commit_soon)

    async def story() -> None:
        late, good = commits.submit(1, soon(0.05)), commits.submit(2, soon())
        first, second = await asyncio.gather(late, good, return_exceptions=True)
        assert isinstance(first, UnavailableError)
        assert second == 20

    asyncio.run(story())
    assert disk.groups == [[2]]


def test_a_task_that_is_given_up_is_committed_all_the_same() -> None:
    """Whoever asked has gone; what was sent is ours by then, and the others go on."""
    disk = Disk(seconds=0.2)
    commits: TaskCommit[int, int] = TaskCommit(disk.commit_soon)

    async def story() -> None:
        tasks = [asyncio.create_task(commits.submit(item, soon())) for item in range(4)]
        await asyncio.sleep(0.05)
        tasks[0].cancel()
        tasks[2].cancel()
        assert await tasks[1] == 10
        assert await tasks[3] == 30

    asyncio.run(story())
    assert sorted(item for group in disk.groups for item in group) == [0, 1, 2, 3]
