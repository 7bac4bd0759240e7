"""A unit on disk: what zarr reads is what was written, and no damage is read as numbers."""

import dataclasses
import random

import numpy as np
import pytest
import zarr

from modelcollapse.errors import StorageError
from modelcollapse.studies import blocks, disk, layout
from modelcollapse.studies.blocks import DAMAGED, OPEN, WHOLE, Block
from modelcollapse.studies.layout import COMMIT, RECORD, Variable

ENVIRONMENT = b"versions"
SAVED, ROWS, PARTS = 5, 4, 3


def variables(cells=3):
    axes = ("cell", "replicate", "generation")
    for name, kind, inner in (("mean", "f8", (PARTS,)), ("n_real", "i8", ()), ("status", "i4", ())):
        dimensions = (*axes, *("component" for _ in inner))
        shape, chunk = (cells, 2 * ROWS, SAVED, *inner), (1, ROWS, SAVED, *inner)
        yield Variable(name, dimensions, np.dtype(kind), shape, chunk)


@pytest.fixture
def block(tmp_path):
    """The second block of the third cell of a store, of three replicates and two components."""
    each = tuple(variables())
    record = Variable(COMMIT, ("cell", "block", "byte"), np.dtype("u1"), (3, 2, RECORD), (1, 1, RECORD))
    for variable in (*each, record):
        (tmp_path / variable.name).mkdir()
        disk.put(tmp_path / variable.name / "zarr.json", layout.as_json(variable.metadata()))
    disk.put(tmp_path / "zarr.json", layout.as_json(layout.group({}, [*each, record])))
    return Block(tmp_path, (2,), 1, 3, b"k" * 32, each, record)


def numbers(rows=3, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "mean": rng.normal(size=(rows, SAVED, 2)),
        "n_real": rng.integers(100, size=(rows, SAVED)),
        "status": np.zeros((rows, SAVED), dtype=np.int32),
    }


def test_zarr_reads_what_was_written_and_nothing_where_nothing_was(block):
    values = numbers()
    assert blocks.commit(block, values, ENVIRONMENT)
    group = zarr.open_group(block.store, mode="r")
    for name, value in values.items():
        read = group[name][2, ROWS : ROWS + 3]
        assert read.dtype == group[name].dtype
        np.testing.assert_array_equal(read[..., :2] if name == "mean" else read, value)
    assert np.isnan(group["mean"][:2]).all()
    assert np.isnan(group["mean"][2, ROWS:, :, 2]).all()
    assert (group["n_real"][:2] == -1).all()
    assert (group["status"][2, ROWS + 3] == -1).all()
    assert group[COMMIT][2, 1].any()
    assert not group[COMMIT][2, 0].any()


def test_a_block_comes_back_as_it_was(block):
    values = numbers()
    blocks.commit(block, values, ENVIRONMENT)
    found = blocks.read(block)
    np.testing.assert_array_equal(found["mean"][..., :2], values["mean"])
    np.testing.assert_array_equal(found["n_real"], values["n_real"])
    assert blocks.state(block) == (WHOLE, "")


def test_data_without_a_record_are_not_there(block):
    blocks.commit(block, numbers(), ENVIRONMENT)
    disk.remove(block.record_path())
    assert blocks.state(block)[0] == OPEN
    assert blocks.read(block) is None


def test_the_same_unit_twice_is_nothing_new_and_another_one_is_an_error(block):
    blocks.commit(block, numbers(), ENVIRONMENT)
    before = {path: path.stat().st_mtime_ns for path in block.store.rglob("c.*")}
    assert not blocks.commit(block, numbers(), b"other versions")
    assert {path: path.stat().st_mtime_ns for path in block.store.rglob("c.*")} == before
    with pytest.raises(StorageError, match=r"cell \[2\], block 1.*one of the two is wrong"):
        blocks.commit(block, numbers(seed=1), ENVIRONMENT)


def test_more_replicates_leave_the_first_ones_as_they_are(block):
    few, many = numbers(2), numbers(3)
    few = {name: value[:2] for name, value in many.items()}
    fewer = dataclasses.replace(block, rows=2)
    blocks.commit(fewer, few, ENVIRONMENT)
    assert blocks.state(fewer)[0] == WHOLE
    assert blocks.state(block)[0] == OPEN
    with pytest.raises(StorageError, match="mean came out otherwise"):
        blocks.commit(block, {**many, "mean": many["mean"] + 1e-15}, ENVIRONMENT)
    assert blocks.commit(block, many, ENVIRONMENT)
    assert blocks.state(block)[0] == WHOLE


def test_a_block_that_grows_file_by_file_keeps_what_was_committed(block):
    """Killed between any two files: the replicates that were there are read all the while."""
    many = numbers(3)
    few = {name: value[:2] for name, value in many.items()}
    fewer = dataclasses.replace(block, rows=2)
    blocks.commit(fewer, few, ENVIRONMENT)
    for variable in block.variables:
        content = variable.encode(many[variable.name][None])
        block.path(variable).write_bytes(content)
        assert blocks.state(fewer) == (WHOLE, "")
        assert blocks.state(block) == (OPEN, "")
        for name, value in blocks.read(block).items():
            np.testing.assert_array_equal(value[..., :2] if name == "mean" else value, few[name])
    blocks.commit(block, many, ENVIRONMENT)
    assert blocks.state(block) == (WHOLE, "")


def test_a_late_worker_with_fewer_replicates_takes_none_away(block):
    """It was given its unit before the study grew, by a process that is gone."""
    many = numbers(3)
    blocks.commit(block, many, ENVIRONMENT)
    before = {path: path.stat().st_mtime_ns for path in block.store.rglob("c.*")}
    fewer = dataclasses.replace(block, rows=2)
    assert not blocks.commit(fewer, {name: value[:2] for name, value in many.items()}, ENVIRONMENT)
    assert {path: path.stat().st_mtime_ns for path in block.store.rglob("c.*")} == before
    assert blocks.state(block)[0] == WHOLE


def test_the_record_of_another_cell_is_not_taken(block):
    blocks.commit(block, numbers(), ENVIRONMENT)
    other = dataclasses.replace(block, key=b"q" * 32)
    assert "of another block or study" in blocks.state(other)[1]
    with pytest.raises(ValueError, match="another block or study"):
        blocks.read(other)


def test_every_truncation_and_every_flipped_bit_is_seen(block):
    """Each file of a unit, cut at every eighth byte, and 600 flipped bits: none is read as numbers."""
    blocks.commit(block, numbers(), ENVIRONMENT)
    rng = random.Random(0)
    for path in sorted(block.store.rglob("c.*")):
        content = path.read_bytes()
        damaged = [content[:n] for n in range(0, len(content), 8)]
        for _ in range(150):
            bit = rng.randrange(8 * len(content))
            flipped = bytearray(content)
            flipped[bit // 8] ^= 1 << bit % 8
            damaged.append(bytes(flipped))
        for wrong in damaged:
            path.write_bytes(wrong)
            assert blocks.state(block)[0] == DAMAGED, path
            with pytest.raises((ValueError, OSError)):
                blocks.read(block)
        path.unlink()
        if path.parent.name == COMMIT:
            assert blocks.state(block)[0] == OPEN
        else:
            assert "is missing" in blocks.state(block)[1]
        path.write_bytes(content)
    assert blocks.state(block)[0] == WHOLE


def test_zarr_itself_refuses_a_flipped_bit(block):
    """Whoever reads with zarr or xarray alone does not get damaged numbers either: the format's checksum."""
    blocks.commit(block, numbers(), ENVIRONMENT)
    path = next((block.store / "mean").glob("c.*"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(bytes(content))
    with pytest.raises(ValueError, match="checksum"):
        zarr.open_group(block.store, mode="r")["mean"][2]


@pytest.mark.parametrize("values", [[1, 2, 3], [0.1, 2], ["em", "b ü"], [2**70, 1], list(range(3000))])
def test_coordinates_come_back(tmp_path, values):
    variable, array = layout.coordinate("x", "x", values)
    disk.put(tmp_path / "zarr.json", layout.as_json(variable.metadata()))
    disk.put_all({tmp_path / name: content for name, content in layout.files(variable, array).items()})
    read = zarr.open_array(tmp_path, mode="r")[:]
    expected = values if read.dtype.kind in "if" else list(map(str, values))
    assert read.tolist() == expected
