"""Real data from files: what is refused and in which words, what is read exactly, what enters the key."""

import io
import pickle
from pathlib import Path

import numpy as np
import pytest

from modelcollapse.errors import DataError, RecipeError
from modelcollapse.experiment import Experiment
from modelcollapse.truths import LARGEST_FILE, digest

GOOD = np.array([1.5, -2.0, 3.25, 0.5, 8.0])


def npy(values):
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(values))
    return buffer.getvalue()


def npz(values):
    buffer = io.BytesIO()
    np.savez(buffer, values=values)
    return buffer.getvalue()


def header(text):
    """The start of a .npy file with this header and no values."""
    text = (text + "\n").encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def shaped(shape):
    return header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}")


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (Path(self.path),)


def recipe(name, column=None, more=""):
    column = f'column = "{column}"\n' if column else ""
    return f'{more}\n[truth]\nfamily = "data"\npath = "{name}"\n{column}'


def read(folder, name, content, column=None, more=""):
    """Write a data file and a recipe beside it, and read the recipe."""
    (folder / name).write_bytes(content)
    (folder / "recipe.toml").write_text(recipe(name, column, more))
    return Experiment.from_toml(folder / "recipe.toml")


def problems(folder, name, content, column=None, more=""):
    with pytest.raises(DataError) as caught:
        read(folder, name, content, column, more)
    assert caught.value.exit_code == 3
    assert all(line.startswith(f"{folder / 'recipe.toml'}: ") for line in str(caught.value).splitlines())
    assert "np." not in str(caught.value)  # numbers, not NumPy's names for them
    return caught.value.problems


# what is refused

NUMBERS = "numbers; pickles are never loaded"
BAD = {
    # name: file, content, column, field, words
    "empty": ("x.csv", b"", None, "truth.path", "this file is empty"),
    "blank": ("x.csv", b"\n\n", None, "truth.path", "this file is empty"),
    "header only": ("x.csv", b"x\n", None, "truth.path", "at least 2 rows; this file has 0"),
    "one row": ("x.csv", b"x\n1\n", None, "truth.path", "at least 2 rows; this file has 1"),
    "no header": ("x.csv", b"1\n2\n3\n", None, "truth.path", "must begin with a header"),
    "short row": ("x.csv", b"x,y\n1,2\n3\n", "x", "truth.path", "row 3 must have 2 cells; it has 1"),
    "long row": ("x.csv", b"x,y\n1,2,3\n4,5\n", "x", "truth.path", "row 2 must have 2 cells; it has 3"),
    "text": ("x.csv", b"x\n1\nabc\n3\n", None, "truth.path", "row 3, column x: 'abc' is not a number"),
    "text after blank lines": ("x.csv", b"x\n\n\n1\nabc\n", None, "truth.path", "row 5, column x: 'abc'"),
    "empty cell": ("x.csv", b"x,y\n1,2\n3,\n", "y", "truth.path", "row 3, column y: '' is not"),
    "hexadecimal": ("x.csv", b"x\n1\n0x10\n", None, "truth.path", "row 3, column x: '0x10'"),
    "underscore": ("x.csv", b"x\n1_0\n2\n", None, "truth.path", "row 2, column x: '1_0'"),
    "semicolons": ("x.csv", b"x;y\n1;2\n3\n", None, "truth.path", "'1;2' is not a number"),
    "quoted decimal comma": ("x.csv", b'x\n"1,5"\n2\n', None, "truth.path", "row 2, column x: '1,5'"),
    "two columns": ("x.csv", b"x,y\n1,2\n3,4\n", None, "truth.column", "one of the columns: x, y"),
    "another column": ("x.csv", b"x,y\n1,2\n3,4\n", "z", "truth.column", "one of the columns: x, y"),
    "a column twice": ("x.csv", b"x,x\n1,2\n3,4\n", "x", "truth.column", "one of the columns: x, x"),
    "NaN": ("x.csv", b"x\n1\nnan\n3\ninf\n", None, "truth.path", "2 values are not, the first in row 3"),
    "too large": ("x.csv", b"x\n1\n1e400\n", None, "truth.path", "the first in row 3"),
    "identical": ("x.csv", b"x\n1\n1\n1.0\n", None, "truth.path", "all values are 1.0"),
    "zeros of both signs": ("x.csv", b"x\n0.0\n-0.0\n", None, "truth.path", "must have a variance"),
    "1e200": ("x.csv", b"x\n1\n1e200\n", None, "truth.path", "within 1e-150 and 1e150"),
    "1e-200": ("x.csv", b"x\n1e-200\n2e-200\n", None, "truth.path", "within 1e-150 and 1e150"),
    "UTF-16": ("x.csv", "x\n1\n2\n".encode("utf-16"), None, "truth.path", "UTF-8"),
    "latin": ("x.csv", "x\n1\n2\n# K\xf6ln\n".encode("latin-1"), None, "truth.path", "UTF-8"),
    "NUL": ("x.csv", b"x\n1\n\0\n", None, "truth.path", "NUL"),
    "open quote": ("x.csv", b'x\n"1\n' + b"2\n" * 100_000, None, "truth.path", ""),
    "long cell": ("x.csv", b"x\n1\n" + b"1" * 200_000 + b"\n", None, "truth.path", ""),
    "pickle": ("x.pkl", pickle.dumps([1.0, 2.0]), None, "truth.path", "must end in .csv or .npy"),
    "archive": ("x.npz", npz(GOOD), None, "truth.path", "must end in .csv or .npy"),
    "no ending": ("x", b"x\n1\n2\n", None, "truth.path", "must end in .csv or .npy"),
    "no bytes": ("x.npy", b"", None, "truth.path", NUMBERS),
    "truncated": ("x.npy", npy(GOOD)[:-3], None, "truth.path", NUMBERS),
    "truncated header": ("x.npy", npy(GOOD)[:40], None, "truth.path", NUMBERS),
    "objects": ("x.npy", npy(np.array([1.0, "a"], dtype=object)), None, "truth.path", NUMBERS),
    "archive within": ("x.npy", npz(GOOD), None, "truth.path", "one axis of numbers"),
    "CSV within": ("x.npy", b"x\n1\n2\n", None, "truth.path", NUMBERS),
    "a terabyte": ("x.npy", shaped(f"({10**12},)"), None, "truth.path", NUMBERS),
    "beyond counting": ("x.npy", shaped(f"({10**30},)"), None, "truth.path", NUMBERS),
    "negative size": ("x.npy", shaped("(-3,)"), None, "truth.path", NUMBERS),
    "deep header": ("x.npy", header("(" * 5_000), None, "truth.path", NUMBERS),
    "table": ("x.npy", npy(np.ones((2, 1_000))), None, "truth.path", "its shape is (2, 1000)"),
    "one number": ("x.npy", npy(3.0), None, "truth.path", "its shape is ()"),
    "complex": ("x.npy", npy([1j, 2.0]), None, "truth.path", "not complex128"),
    "bool": ("x.npy", npy([True, False]), None, "truth.path", "not bool"),
    "text array": ("x.npy", npy(["1", "2"]), None, "truth.path", "not <U1"),
    "dates": ("x.npy", npy(np.array([0, 1], "M8[D]")), None, "truth.path", "not datetime64[D]"),
    "records": ("x.npy", npy(np.zeros(3, dtype=[("a", float)])), None, "truth.path", "not [('a'"),
    "NaN array": ("x.npy", npy([1.0, np.nan, np.inf]), None, "truth.path", "2 values are not"),
    "no items": ("x.npy", npy([]), None, "truth.path", "at least 2"),
    "one item": ("x.npy", npy([1.0]), None, "truth.path", "at least 2"),
    "beyond 2^53": ("x.npy", npy(np.array([2**53 + 1, 0])), None, "truth.path", "up to 2^53"),
    "below -2^53": ("x.npy", npy(np.array([-(2**63), 0])), None, "truth.path", "up to 2^53"),
    "unsigned": ("x.npy", npy(np.array([2**64 - 1, 0], np.uint64)), None, "truth.path", "up to 2^53"),
    "column of an array": ("x.npy", npy(GOOD), "x", "truth.column", "for CSV files"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_refused(tmp_path, name):
    file, content, column, field, words = BAD[name]
    (problem,) = problems(tmp_path, file, content, column)
    assert problem.field == field
    assert words in problem.allowed


def test_the_row_of_the_first_number_that_is_not_finite(tmp_path):
    (problem,) = problems(tmp_path, "x.csv", b"x\n\n\n1\nnan\n2\n")
    assert "the first in row 5" in problem.allowed  # as an editor counts them
    (problem,) = problems(tmp_path, "x.npy", npy([1.0, np.nan, 2.0]))
    assert "3" not in problem.allowed  # the second item, number 1 of an array that has no header


def test_line_ends_of_old_macs_are_read_or_refused(tmp_path):
    try:
        values = read(tmp_path, "x.csv", b"x\r1\r2\r").source.values
    except DataError:
        return
    assert values.tolist() == [1.0, 2.0]


def test_a_few_of_many_bad_rows_are_shown(tmp_path):
    found = problems(tmp_path, "x.csv", b"x\n" + b"a\n" * 20)
    assert [p.allowed for p in found[:5]] == [f"row {i}, column x: 'a' is not a number" for i in range(2, 7)]
    assert found[5].allowed == "and 15 rows more"
    assert len(found) == 6


def test_decimal_commas_in_every_row(tmp_path):
    found = problems(tmp_path, "x.csv", b"x\n1,5\n2,5\n")
    assert [p.allowed for p in found] == [f"row {i} must have 1 cells; it has 2" for i in (2, 3)]


def test_fewer_distinct_values_than_components(tmp_path):
    few = b"x\n1\n2\n2\n1\n"
    assert read(tmp_path, "x.csv", few).learner.components == 2
    (problem,) = problems(tmp_path, "x.csv", few, None, 'learner = {family = "mixture", components = 3}')
    assert problem.field == "truth.path"
    assert "at least 3 distinct values" in problem.allowed
    assert "it has 2" in problem.allowed


def test_files_that_are_not_there(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    for name, words in (
        ("none.csv", "file that exists"),
        ("folder.csv", "this is a directory"),
        ("loop.csv", "cannot be read"),
        ("a\\u0000b.csv", "cannot be read"),
    ):
        (tmp_path / "recipe.toml").write_text(recipe(name))
        with pytest.raises(DataError, match=words) as caught:
            Experiment.from_toml(tmp_path / "recipe.toml")
        assert caught.value.problems[0].field == "truth.path"


@pytest.mark.parametrize("name", ["x.csv", "x.npy"])
def test_a_file_beyond_the_limit_is_not_opened(tmp_path, name):
    with (tmp_path / name).open("wb") as file:
        file.truncate(LARGEST_FILE + 1)  # sparse: takes no room
    (tmp_path / "recipe.toml").write_text(recipe(name))
    with pytest.raises(DataError, match="at most 1 GiB"):
        Experiment.from_toml(tmp_path / "recipe.toml")


@pytest.mark.parametrize("kind", ["pickle", "object array"])
@pytest.mark.parametrize("name", ["x.npy", "x.csv", "x.pkl"])
def test_no_code_of_a_pickle_runs(tmp_path, name, kind):
    bomb, mark = Bomb(str(tmp_path / "mark")), tmp_path / "mark"
    content = pickle.dumps(bomb) if kind == "pickle" else npy(np.array([bomb, bomb], dtype=object))
    problems(tmp_path, name, content)
    assert not mark.exists()
    pickle.loads(pickle.dumps(bomb))
    assert mark.exists()  # it would have


# what is read

READ = {
    "CSV": ("x.csv", b"x\n1.5\n-2\n3.25\n.5\n8e0\n", None),
    "spaces": ("x.csv", b" x \n 1.5\n-2 \n3.25\n0.5\n8\n", None),
    "no last newline": ("x.csv", b"x\n1.5\n-2\n3.25\n0.5\n8", None),
    "blank lines": ("x.csv", b"x\n1.5\n\n-2\n3.25\n0.5\n8\n\n\n", None),
    "CRLF": ("x.csv", b"x\r\n1.5\r\n-2\r\n3.25\r\n0.5\r\n8\r\n", None),
    "BOM": ("x.csv", b"\xef\xbb\xbfx\n1.5\n-2\n3.25\n0.5\n8\n", None),
    "quotes": ("x.csv", b'"x"\n"1.5"\n-2\n3.25\n0.5\n8\n', None),
    "BOM and a column": ("x.csv", b"\xef\xbb\xbfx\n1.5\n-2\n3.25\n0.5\n8\n", "x"),
    "second column": ("x.csv", b"k,x\na,1.5\nb,-2\nc,3.25\nd,0.5\ne,8\n", "x"),
    "capitals": ("X.CSV", b"x\n1.5\n-2\n3.25\n0.5\n8\n", None),
    "float64": ("x.npy", npy(GOOD), None),
    "big-endian": ("x.npy", npy(GOOD.astype(">f8")), None),
    "float32": ("x.npy", npy(GOOD.astype(np.float32)), None),
    "float16": ("x.npy", npy(GOOD.astype(np.float16)), None),
}


@pytest.mark.parametrize("name", READ)
def test_what_is_read(tmp_path, name):
    experiment = read(tmp_path, *READ[name])
    values = experiment.source.values
    assert values.tolist() == GOOD.tolist()
    assert values.dtype == np.float64
    mean, variance = experiment.source.moments()
    assert (mean[0], variance[0]) == pytest.approx((GOOD.mean(), GOOD.var()), rel=1e-15)
    assert experiment.start is None


@pytest.mark.parametrize("dtype", ["i1", "u1", "<i2", ">i4", "<u4", "<i8", "<u8"])
def test_integers_are_read_exactly(tmp_path, dtype):
    largest = min(np.iinfo(dtype).max, 2**53)
    smallest = max(np.iinfo(dtype).min, -(2**53))
    values = np.array([smallest, 0, 3, largest]).astype(dtype)
    got = read(tmp_path, "x.npy", npy(values)).source.values
    assert [int(value) for value in got] == [int(value) for value in values]


def test_float32_is_read_exactly(tmp_path):
    values = np.array([0.1, 0.2, 1e-40], dtype=np.float32)
    assert read(tmp_path, "x.npy", npy(values)).source.values.tolist() == [float(v) for v in values]


def test_numbers_in_text_are_read_to_the_last_bit(tmp_path):
    values = np.random.default_rng(0).normal(size=200) * 10.0 ** np.arange(-100, 100)
    text = "x\n" + "\n".join(map(repr, values.tolist()))
    assert np.array_equal(read(tmp_path, "x.csv", text.encode()).source.values, values)


@pytest.mark.parametrize("values", [1e8 + np.arange(5.0), [5e-324, 1.0], [-1e149, 1e149], [1e-149, 3e-149]])
def test_values_of_any_size_that_has_a_square(tmp_path, values):
    got = read(tmp_path, "x.npy", npy(values)).source
    assert got.values.tolist() == list(values)
    assert got.moments()[1][0] > 0


# what enters the key


def test_the_path_is_relative_to_the_recipe(tmp_path, monkeypatch):
    (tmp_path / "deep" / "data").mkdir(parents=True)
    (tmp_path / "deep" / "data" / "x.npy").write_bytes(npy(GOOD))
    (tmp_path / "deep" / "recipe.toml").write_text(recipe("data/x.npy"))
    for folder, path in ((tmp_path, "deep/recipe.toml"), (tmp_path / "deep", "recipe.toml")):
        monkeypatch.chdir(folder)
        assert Experiment.from_toml(path).source.values.tolist() == GOOD.tolist()
    monkeypatch.chdir(tmp_path / "deep")
    assert Experiment.from_toml(recipe("data/x.npy")).source.values.tolist() == GOOD.tolist()
    absolute = recipe(str(tmp_path / "deep" / "data" / "x.npy"))
    monkeypatch.chdir(tmp_path)
    assert Experiment.from_toml(absolute).source.values.tolist() == GOOD.tolist()


def test_the_content_enters_the_key_and_not_the_path(tmp_path):
    text = "x\n" + "\n".join(map(repr, GOOD.tolist()))
    two = "k,x\n" + "\n".join(f"1,{v!r}" for v in GOOD.tolist())
    keys = {
        read(tmp_path, "a.npy", npy(GOOD)).key(),
        read(tmp_path, "b.npy", npy(GOOD.astype(np.float32))).key(),
        read(tmp_path, "c.csv", text.encode()).key(),
        read(tmp_path, "d.csv", two.encode(), "x").key(),
    }
    assert len(keys) == 1
    other = GOOD.copy()
    other[2] = np.nextafter(other[2], 9.0)
    assert read(tmp_path, "a.npy", npy(other)).key() not in keys
    assert read(tmp_path, "a.npy", npy(GOOD[::-1])).key() not in keys  # other items are drawn
    assert read(tmp_path, "a.npy", npy(GOOD), more="n_samples = 9").key() not in keys


def test_minus_zero_is_zero(tmp_path):
    plus, minus = (read(tmp_path, "x.npy", npy([z, 1.0, 2.0])) for z in (0.0, -0.0))
    assert plus.key() == minus.key()
    assert plus == minus
    assert not np.signbit(minus.source.values).any()


def test_the_digest_is_of_the_values():
    assert digest(GOOD) == digest(GOOD.astype(">f8")) == digest(np.repeat(GOOD, 2)[::2])
    assert digest(GOOD) != digest(GOOD + 1e-15)
    assert len(digest(GOOD)) == 64


def test_changed_recipes_keep_the_data(tmp_path):
    experiment = read(tmp_path, "x.npy", npy(GOOD))
    (tmp_path / "x.npy").unlink()
    again = experiment.changed(seed=3)
    assert again.source == experiment.source
    assert again.key() == experiment.key()
    back = Experiment.from_json(experiment.to_json(), experiment.source.values)
    assert back == experiment
    assert hash(back) == hash(experiment)
    with pytest.raises(DataError, match="file that exists"):
        Experiment.from_toml(experiment.to_toml())
    assert experiment.changed(truth={"family": "gaussian", "mean": 0.0, "std": 1.0}).start is None


def test_recipes_with_other_values_differ(tmp_path):
    first = read(tmp_path, "x.npy", npy(GOOD))
    second = read(tmp_path, "x.npy", npy(GOOD + 1.0))
    assert first.table() == second.table()
    assert first != second


def test_python_reads_data_from_here(tmp_path, monkeypatch):
    (tmp_path / "x.npy").write_bytes(npy(GOOD))
    monkeypatch.chdir(tmp_path)
    experiment = Experiment(truth={"family": "data", "path": "x.npy"}, learner={"family": "gaussian"})
    assert experiment.source.values.tolist() == GOOD.tolist()
    with pytest.raises(DataError):
        Experiment(truth={"family": "data", "path": "y.npy"})


# categories from a file


def categorical(name, column=None):
    column = f'column = "{column}"\n' if column else ""
    return f'[truth]\nfamily = "categorical"\npath = "{name}"\n{column}[learner]\nfamily = "categorical"\n'


def read_categories(folder, name, content, column=None):
    (folder / name).write_bytes(content)
    (folder / "recipe.toml").write_text(categorical(name, column))
    return Experiment.from_toml(folder / "recipe.toml")


COUNTS = {
    "CSV": ("x.csv", b"count\n3\n0\n1\n", None),
    "words beside": ("x.csv", b"word,count\nthe,3\nof,0\nto,1\n", "count"),
    "probabilities": ("x.csv", b"p\n0.75\n0\n0.25\n", None),
    "not normalised": ("x.csv", b"p\n1.5\n-0.0\n5e-1\n", None),
    "integers": ("x.npy", npy(np.array([3, 0, 1])), None),
    "floats": ("x.npy", npy([3e300, 0.0, 1e300]), None),
    "equal counts elsewhere": ("x.npy", npy(np.array([2**53, 0, 2**53 // 3], dtype=float)), None),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts_and_probabilities_are_read(tmp_path, name):
    experiment = read_categories(tmp_path, *COUNTS[name])
    probability = experiment.source.params.probability
    assert probability[0] == pytest.approx([0.75, 0.0, 0.25], rel=1e-15)
    assert experiment.learner.sizes() == {"category": 3}
    assert not np.signbit(probability).any()


BAD_COUNTS = {
    "negative": ("x.csv", b"n\n3\n-1\n2\n", None, "truth.path", "must be >= 0; the first that is not"),
    "negative, row": ("x.csv", b"n\n3\n\n-1\n2\n", None, "truth.path", "stands in row 4"),
    "negative, index": ("x.npy", npy([1.0, 2.0, -1e-300]), None, "truth.path", "stands at index 2"),
    "NaN": ("x.npy", npy([1.0, np.nan]), None, "truth.path", "must be finite; 1 values are not"),
    "one category": ("x.npy", npy([1.0]), None, "truth.path", "at least two numbers above 0; it holds 1"),
    "one alive": ("x.csv", b"n\n3\n0\n0\n", None, "truth.path", "at least two numbers above 0"),
    "zeros": ("x.csv", b"n\n0\n0\n", None, "truth.path", "at least two numbers above 0; it holds 0"),
    "empty": ("x.npy", npy([]), None, "truth.path", "at least two numbers above 0; it holds 0"),
    "header only": ("x.csv", b"n\n", None, "truth.path", "at least two numbers above 0; it holds 0"),
    "words": ("x.csv", b"n\nthe\n3\n", None, "truth.path", "row 2, column n: 'the' is not a number"),
    "which column": ("x.csv", b"a,b\n1,2\n3,4\n", None, "truth.column", "one of the columns: a, b"),
    "table": ("x.npy", npy(np.ones((2, 2))), None, "truth.path", "one axis of numbers"),
    "pickle": ("x.pkl", pickle.dumps([1, 2]), None, "truth.path", "must end in .csv or .npy"),
}


@pytest.mark.parametrize("name", BAD_COUNTS)
def test_counts_that_are_refused(tmp_path, name):
    file, content, column, field, words = BAD_COUNTS[name]
    with pytest.raises(DataError) as caught:
        read_categories(tmp_path, file, content, column)
    (problem,) = caught.value.problems
    assert problem.field == field
    assert words in problem.allowed


def test_the_probabilities_of_a_file_enter_the_key(tmp_path):
    same = {
        read_categories(tmp_path, "x.npy", npy(np.array(counts))).key()
        for counts in ([6, 2], [3, 1], [0.75, 0.25])
    }
    assert len(same) == 1
    assert read_categories(tmp_path, "x.npy", npy([1, 3])).key() not in same
    assert read_categories(tmp_path, "y.csv", b"n\n3\n1\n").key() in same


def test_a_bad_file_is_told_with_the_rest_of_the_recipe(tmp_path):
    (tmp_path / "x.npy").write_bytes(npy([1.0, -1.0]))
    (tmp_path / "recipe.toml").write_text("seed = -1\n" + categorical("x.npy"))
    with pytest.raises(RecipeError) as caught:
        Experiment.from_toml(tmp_path / "recipe.toml")
    assert sorted(problem.field for problem in caught.value.problems) == ["seed", "truth.path"]
