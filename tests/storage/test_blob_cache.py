"""Copies of an object store's content: checked, bounded, shared by processes."""

import errno
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.blob_cache import USE_SECONDS, BlobCache
from storage.store_errors import BlobMissingError


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def put(cache: BlobCache, data: bytes, *, is_checked: bool = True) -> Path:
    return cache.path_of(sha256_of(data), lambda: [data], is_checked=is_checked)


def never() -> Iterable[bytes]:
    raise AssertionError("fetched although there is a copy")


def copies(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def let_age(path: Path, seconds: float) -> None:
    moment = time.time() - seconds
    os.utime(path, (moment, moment))


def test_second_use_fetches_nothing(tmp_path: Path) -> None:
    path = put(BlobCache(tmp_path, max_bytes=100), b"content")
    again = BlobCache(tmp_path, max_bytes=100)
    for is_checked in (True, False):
        assert (
            again.path_of(sha256_of(b"content"), never, is_checked=is_checked) == path
        )


def test_copy_is_for_its_owner_only(tmp_path: Path) -> None:
    path = put(BlobCache(tmp_path, max_bytes=100), b"content")
    assert path.stat().st_mode & 0o777 == 0o440
    assert path.parent.stat().st_mode & 0o077 == 0


def test_damaged_copy_is_fetched_anew(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path, max_bytes=100)
    path = put(cache, b"content")
    path.chmod(0o640)
    path.write_bytes(b"rotten")
    assert put(cache, b"content").read_bytes() == b"content"


def test_damaged_fetch_is_missing_and_leaves_nothing(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path, max_bytes=100)
    with pytest.raises(BlobMissingError):
        cache.path_of(sha256_of(b"a"), lambda: [b"b"], is_checked=True)
    assert copies(tmp_path) == []


def test_fetch_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        BlobCache(tmp_path, max_bytes=100).path_of("0" * 64, broken, is_checked=True)
    assert copies(tmp_path) == []


def test_copies_that_killed_processes_left_half_fetched_are_deleted(
    tmp_path: Path,
) -> None:
    cache = BlobCache(tmp_path, max_bytes=100)
    put(cache, b"first")
    old, new = (tmp_path / "incoming" / f"{age}.part" for age in ("old", "new"))
    for part in (old, new):
        part.write_bytes(b"half")
    let_age(old, 2 * 86_400)
    put(cache, b"second")
    assert (old.exists(), new.exists()) == (False, True)


def test_least_recently_used_copies_go_first(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path, max_bytes=25)
    first, second = put(cache, b"1" * 10), put(cache, b"2" * 10)
    let_age(first, USE_SECONDS + 60)
    let_age(second, USE_SECONDS + 90)
    third = put(cache, b"3" * 10)
    assert set(copies(tmp_path)) == {first, third}


def test_use_renews_a_copy(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path, max_bytes=25)
    first, second = put(cache, b"1" * 10), put(cache, b"2" * 10)
    let_age(first, USE_SECONDS + 90)
    let_age(second, USE_SECONDS + 60)
    put(cache, b"1" * 10)
    third = put(cache, b"3" * 10)
    assert set(copies(tmp_path)) == {first, third}


def test_copy_that_a_run_may_still_open_stays_past_the_bound(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path, max_bytes=5)
    paths = [put(cache, bytes([n]) * 10) for n in range(3)]
    assert all(path.exists() for path in paths)
    for path in paths:
        let_age(path, USE_SECONDS + 60)
    last = put(cache, b"last")
    assert copies(tmp_path) == [last]


def test_room_is_made_after_a_hundredth_of_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = BlobCache(tmp_path, max_bytes=1000)
    looks: list[int] = []
    monkeypatch.setattr(cache, "_make_room", looks.append)
    for number in range(7):
        put(cache, str(number).encode() * 4)
    # At the first, and whenever another 10 bytes have come: after the 4th and the 7th.
    assert looks == [1000] * 3


def test_full_disk_costs_the_copies_that_nobody_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = BlobCache(tmp_path, max_bytes=100)
    let_age(put(cache, b"old"), USE_SECONDS + 60)
    new = put(cache, b"new")
    fsync: Callable[[int], None] = os.fsync
    failures = iter([OSError(errno.ENOSPC, "no room")])

    def full_once(descriptor: int) -> None:
        for error in failures:
            raise error
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full_once)
    third = put(cache, b"third")
    assert set(copies(tmp_path)) == {new, third}


def test_many_readers_at_once_get_whole_copies(tmp_path: Path) -> None:
    data = [os.urandom(100_000) for _ in range(4)]
    start = threading.Barrier(8)

    def read(number: int) -> bool:
        # Each thread is a process of its own, as far as the cache can tell.
        cache = BlobCache(tmp_path, max_bytes=150_000)
        start.wait(timeout=30)
        return all(put(cache, each).read_bytes() == each for each in data * 5)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(8)))
    assert len(copies(tmp_path)) == 4
