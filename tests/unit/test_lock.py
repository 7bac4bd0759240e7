"""One sweep a store, and no store that nobody can use any more."""

import errno
import json
import os
import socket
import subprocess
import sys
import time

import pytest

from modelcollapse.errors import StorageError
from modelcollapse.studies import lock


def gone():
    """A lock of a process that is gone."""
    child = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True)
    return {
        "host": socket.gethostname(),
        "pid": int(child.stdout),
        "begun": "1",
        "boot": lock._boot(),
        "space": lock._space(),
    }


def write(folder, owner):
    (folder / lock.NAME).write_text(owner if isinstance(owner, str) else json.dumps(owner))


def test_a_second_sweep_is_refused_and_told_who_holds_it(tmp_path):
    with lock.held(tmp_path, []):
        before = (tmp_path / lock.NAME).read_bytes()
        said = f"process {os.getpid()} on {socket.gethostname()}"
        with pytest.raises(StorageError, match=said), lock.held(tmp_path, []):
            pytest.fail("two have it")
        assert (tmp_path / lock.NAME).read_bytes() == before
    assert os.listdir(tmp_path) == []


OTHERS = {
    "gone": lambda: gone(),
    "this process, of a sweep that has ended": lambda: {**gone(), "pid": os.getpid(), "hold": "another"},
    "before the computer was started anew": lambda: {**gone(), "pid": os.getpid(), "boot": "another"},
    "cut off": lambda: '{"host": "a", "pi',
    "empty": lambda: "",
    "no lock at all": lambda: "[1, 2]",
    "a process that cannot be": lambda: {**gone(), "pid": -1},
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_lock_whose_process_is_gone_is_taken_over_and_that_is_said(tmp_path, name):
    write(tmp_path, OTHERS[name]())
    taken = []
    with lock.held(tmp_path, taken):
        assert lock.holder(tmp_path)["pid"] == os.getpid()
    assert "took over" in taken[0]
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="who has ended is known from /proc alone")
def test_a_process_is_known_by_its_beginning_too(tmp_path):
    """Its number alone may be another's by now."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        try:
            write(tmp_path, {**gone(), "pid": other.pid})
            with lock.held(tmp_path, []):
                assert lock.holder(tmp_path)["pid"] == os.getpid()
            write(tmp_path, {**gone(), "pid": other.pid, "begun": lock._begun(other.pid)})
            with pytest.raises(StorageError), lock.held(tmp_path, []):
                pytest.fail("it is at work")
        finally:
            other.kill()


def test_a_process_that_has_ended_does_not_hold_it_though_nobody_has_waited_for_it(tmp_path):
    child = subprocess.Popen(["sleep", "60"])
    owner = {**lock._myself(), "pid": child.pid, "begun": lock._begun(child.pid)}
    write(tmp_path, owner)
    with pytest.raises(StorageError), lock.held(tmp_path, []):
        pytest.fail("it is at work")
    child.kill()
    until = time.monotonic() + 5.0
    while lock.at_work(tmp_path) is not None and time.monotonic() < until:
        time.sleep(0.01)
    with lock.held(tmp_path, []):
        assert lock.holder(tmp_path)["pid"] == os.getpid()
    child.wait(5.0)


def test_a_lock_in_the_making_that_is_tidied_away_is_made_again(tmp_path, monkeypatch):
    """The holder removes what killed processes left; the file of somebody who asks looks the same."""
    link, tidied = os.link, []

    def late(part, path):
        if not tidied:
            tidied.append(part)
            os.unlink(part)
        link(part, path)

    monkeypatch.setattr(os, "link", late)
    with lock.held(tmp_path, []):
        assert tidied
        assert lock.holder(tmp_path)["pid"] == os.getpid()
    with pytest.raises(FileNotFoundError), lock.held(tmp_path / "nowhere", []):
        pytest.fail("there is no such folder")


def test_the_lock_of_another_computer_is_left_alone(tmp_path):
    write(tmp_path, {**gone(), "host": "elsewhere"})
    with pytest.raises(StorageError, match=r"elsewhere.*remove lock\.json"), lock.held(tmp_path, []):
        pytest.fail("nobody can know whether it is gone")


def test_the_lock_of_another_container_is_left_alone(tmp_path):
    write(tmp_path, {**gone(), "space": "pid:[1]"})
    with pytest.raises(StorageError, match=r"is at work.*remove lock\.json"), lock.held(tmp_path, []):
        pytest.fail("its process numbers mean nothing here")


def test_a_lock_that_another_has_taken_over_is_not_removed(tmp_path):
    with lock.held(tmp_path, []):
        write(tmp_path, {**gone(), "host": "elsewhere"})
    assert lock.holder(tmp_path)["host"] == "elsewhere"


def test_a_lock_is_held_until_it_is_removed(tmp_path, monkeypatch):
    """Else another thread took it over meanwhile, and its lock would be removed in the place of ours."""
    remove, tried = lock.disk.remove, []

    def tries(path):
        with pytest.raises(StorageError), lock.held(tmp_path, []):
            pytest.fail("two have it")
        tried.append(path)
        remove(path)

    with monkeypatch.context() as watched:
        watched.setattr(lock.disk, "remove", tries)
        with lock.held(tmp_path, []):
            pass
    assert tried == [tmp_path / lock.NAME]
    assert os.listdir(tmp_path) == []


def test_a_lock_that_could_not_be_removed_is_not_in_its_own_process_way(tmp_path, monkeypatch):
    """The process goes on, as a notebook does: it must not be refused by its own past."""

    def fails(path):
        raise OSError(errno.EIO, "broken")

    with monkeypatch.context() as broken:
        broken.setattr(lock.disk, "remove", fails)
        with lock.held(tmp_path, []):
            pass
    assert os.listdir(tmp_path) == [lock.NAME]
    assert lock.at_work(tmp_path) is None
    taken = []
    with lock.held(tmp_path, taken):
        assert lock.at_work(tmp_path)["pid"] == os.getpid()
    assert "took over" in taken[0]
    assert os.listdir(tmp_path) == []


def test_a_lock_that_is_a_link_to_nothing_is_refused_at_once(tmp_path):
    """It is not there to be read, and yet no other can be made: asking again would go on for ever."""
    (tmp_path / lock.NAME).symlink_to(tmp_path / "nothing")
    with pytest.raises(StorageError, match=r"lock\.json is a link"), lock.held(tmp_path, []):
        pytest.fail("whose is it?")
    assert os.listdir(tmp_path) == [lock.NAME]


@pytest.mark.parametrize("more", [{}, {"failed": 3}, {"failed": ["\x1b[2Ja\n", 1]}, {"host": "\x1b[31mb\nc"}])
def test_whatever_a_lock_says_can_be_shown(tmp_path, more):
    write(tmp_path, {"pid": 5, **more})
    said = lock.at_work(tmp_path)
    assert [one for one in (said["host"], *said["failed"]) if not one.isprintable()] == []


def test_the_number_of_a_process_that_is_none_does_nothing_to_a_terminal(tmp_path):
    write(tmp_path, {"pid": "\x1b[2J", "host": socket.gethostname()})
    taken = []
    with lock.held(tmp_path, taken):
        assert taken[0].isprintable()


def test_what_it_says_can_change_and_is_still_ours(tmp_path):
    with lock.held(tmp_path, []) as mine:
        mine.say(done=3)
        assert lock.at_work(tmp_path)["done"] == 3
        with pytest.raises(StorageError), lock.held(tmp_path, []):
            pytest.fail("two have it")
    assert lock.holder(tmp_path) is None


RACE = """
import sys, time
from pathlib import Path
from modelcollapse.errors import StorageError
from modelcollapse.studies import lock
folder = Path(sys.argv[1])
until = time.monotonic() + 60.0
def wait_for(name):
    while not (folder / name).exists() and time.monotonic() < until:
        time.sleep(0.001)
(folder / sys.argv[2]).touch()
wait_for("go")
try:
    with lock.held(folder, []):
        print("won", flush=True)
        wait_for("end")
except StorageError:
    print("refused")
"""


def test_of_many_that_take_over_at_once_one_has_it(tmp_path):
    write(tmp_path, gone())
    names = [f"ready-{i}" for i in range(6)]
    racers = [
        subprocess.Popen([sys.executable, "-c", RACE, tmp_path, name], stdout=subprocess.PIPE, text=True)
        for name in names
    ]

    def wait_until(holds):
        until = time.monotonic() + 60.0
        while not holds() and time.monotonic() < until:
            time.sleep(0.01)

    wait_until(lambda: all((tmp_path / name).exists() for name in names))
    (tmp_path / "go").touch()
    wait_until(lambda: sum(racer.poll() is not None for racer in racers) >= 5)
    (tmp_path / "end").touch()
    said = sorted(racer.communicate(timeout=60.0)[0].strip() for racer in racers)
    assert said == ["refused"] * 5 + ["won"]
