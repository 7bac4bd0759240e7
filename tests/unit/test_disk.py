"""Files are written whole or not at all, and in an order that a power cut cannot turn around."""

import os

import pytest

from modelcollapse.studies import disk


@pytest.fixture
def log(monkeypatch):
    """What is asked of the system, in order: (what, name)."""
    calls, names = [], {}
    real = {name: getattr(os, name) for name in ("open", "write", "fsync", "replace", "link", "unlink")}

    def opened(path, *rest):
        handle = real["open"](path, *rest)
        names[handle] = os.path.basename(path)
        return handle

    def on_handle(what):
        def call(handle, *rest):
            calls.append((what, names[handle]))
            return real[what](handle, *rest)

        return call

    def on_names(what):
        def call(*paths):
            calls.append((what, os.path.basename(paths[-1])))
            return real[what](*paths)

        return call

    monkeypatch.setattr(os, "open", opened)
    for what in ("write", "fsync"):
        monkeypatch.setattr(os, what, on_handle(what))
    for what in ("replace", "link", "unlink"):
        monkeypatch.setattr(os, what, on_names(what))
    return calls


def test_a_name_comes_after_its_content_and_a_record_after_its_data(tmp_path, log, monkeypatch):
    data, record = tmp_path / "data", tmp_path / "record"
    monkeypatch.setattr(disk, "each", lambda act, paths: [act(path) for path in paths])
    disk.put_all({data: b"1", tmp_path / "more": b"2"})
    disk.put(record, b"3")
    steps = [what if name.endswith(".part") else f"{what} {name}" for what, name in log if what != "unlink"]
    folder = f"fsync {tmp_path.name}"
    assert steps == [
        *("write", "fsync") * 2,
        "replace data",
        "replace more",
        folder,
        *("write", "fsync"),
        "replace record",
        folder,
    ]


def test_all_content_is_on_the_disk_before_the_first_name_however_threads_run(tmp_path, log):
    disk.put_all({tmp_path / f"{number}": b"1" for number in range(2 * disk.SIDE_BY_SIDE)})
    order = [what for what, _ in log]
    synced = [i for i, (what, name) in enumerate(log) if what == "fsync" and name.endswith(disk.PART)]
    assert len(synced) == 2 * disk.SIDE_BY_SIDE
    assert max(synced) < order.index("replace")
    assert log[-1] == ("fsync", tmp_path.name)


def test_of_two_writers_one_wins(tmp_path):
    assert disk.put_new(tmp_path / "a", b"first")
    assert not disk.put_new(tmp_path / "a", b"second")
    assert (tmp_path / "a").read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("what", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_what_was(tmp_path, monkeypatch, what):
    disk.put_all({tmp_path / name: b"old" for name in "ab"})

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, what, full)
    with pytest.raises(OSError, match="No space"):
        disk.put_all({tmp_path / name: b"new" for name in "ab"})
    assert {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)} == {
        "a": b"old",
        "b": b"old",
    }


def test_what_killed_processes_left_is_cleared(tmp_path):
    (tmp_path / f".0123{disk.PART}").write_bytes(b"x")
    (tmp_path / "c.0").write_bytes(b"x")
    disk.clear_parts(tmp_path)
    assert os.listdir(tmp_path) == ["c.0"]


def test_a_write_in_pieces_is_whole(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, content: real(handle, bytes(content[:3])))
    disk.put(tmp_path / "a", b"0123456789")
    assert (tmp_path / "a").read_bytes() == b"0123456789"
