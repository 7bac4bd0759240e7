"""The command line as a user meets it: exit codes, what is printed, and what is left on disk."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from test_data import BAD as BAD_DATA
from test_recipe import BAD as BAD_RECIPES

import modelcollapse as mc
from modelcollapse import cli

SMALL = ["--set", "n_samples=50", "--set", "generations=6", "--set", "replicates=3", "--threads", "1"]


@pytest.fixture
def call(monkeypatch, tmp_path, capsys):
    """Run a command in an empty folder, in this process: (exit code, standard output, error)."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["modelcollapse", *map(str, words)])
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        out, err = capsys.readouterr()
        return code, out, err

    return run


def process(*words, folder, **options):
    """Start the command as a process of its own."""
    program = [sys.executable, "-c", "from modelcollapse.cli import main; main()", *map(str, words)]
    return subprocess.Popen(
        program, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
    )


# bad input


@pytest.mark.parametrize(("toml", "field", "words"), BAD_RECIPES, ids=lambda text: text[:50])
def test_a_bad_recipe_ends_with_2_and_writes_nothing(call, tmp_path, toml, field, words):
    (tmp_path / "bad.toml").write_text(toml)
    code, out, err = call("run", "bad.toml", "--out", "out.zarr", "--figure", "out.png")
    assert (code, out) == (2, "")
    assert f"bad.toml: {field}" in err
    assert words in err
    assert err.endswith("nothing was written\n")
    assert "Traceback" not in err
    assert os.listdir(tmp_path) == ["bad.toml"]


@pytest.mark.parametrize("name", BAD_DATA)
def test_bad_data_end_with_3_and_write_nothing(call, tmp_path, name):
    file, content, column, field, words = BAD_DATA[name]
    if content is not None:
        (tmp_path / file).write_bytes(content)
    named = f"column = {column!r}\n" if column else ""
    (tmp_path / "bad.toml").write_text(f"[truth]\nfamily = 'data'\npath = {file!r}\n{named}")
    before = sorted(os.listdir(tmp_path))
    code, out, err = call("run", "bad.toml", "--out", "out.zarr")
    assert (code, out) == (3, "")
    assert f"bad.toml: {field}" in err
    assert words in err
    assert "Traceback" not in err
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "missing.toml"], 3, "no such file"),
        (["run", "."], 2, "directory"),
        (["run", "--set", "n_samples"], 2, "key=value"),
        (["run", "--set", "n_samples=1e12"], 2, "--allow-large"),
        (["run", "--set", "n_samples=0", "--set", "learner.reg_covr=1"], 2, "did you mean reg_covar"),
        (["run", "--figure", "x.bmp"], 2, ".png, .svg or .pdf"),
        (["run", "--figure", "missing/x.png"], 4, "cannot be written"),
        (["run", "--out", "missing/x.zarr"], 4, "folder does not exist"),
        (["run", "--thread", "2"], 2, "No such option"),
        (["run", "--threads", "0"], 2, "--threads"),
        (["show", "missing.zarr"], 3, "no such result"),
        (["plot", "missing.zarr"], 3, "no such result"),
        (["rum"], 2, "Did you mean 'run'"),
        (["run", "--set", "n_samples=20\nfoo=1"], 2, "n_samples"),
        (["run", "--set", f"truth.means={'[' * 5000}"], 2, "truth.means"),
        (["run", "--out", "/dev/full"], 4, "left alone"),
        (["run", "--out", ".", "--overwrite"], 4, "folder of its own"),
        (["run", "--figure", "/proc/x.png"], 4, "cannot be written"),
        (["run", "--out", "x.png", "--figure", "x.png"], 4, "lies in the result"),
        (["run", "/dev/zero"], 2, "at most 10 MiB"),
    ],
)
def test_what_is_refused(call, tmp_path, words, code, said):
    found, _, err = call(*words)
    assert found == code
    assert said in err
    assert "Traceback" not in err
    assert os.listdir(tmp_path) == []


def test_an_internal_error_is_1_and_a_traceback_only_with_debug(call, monkeypatch):
    monkeypatch.setattr("modelcollapse.lab.run", lambda *_, **__: 1 / 0)
    code, _, err = call("run", *SMALL)
    assert code == 1
    assert "ZeroDivisionError" in err
    with pytest.raises(ZeroDivisionError):
        call("run", *SMALL, "--debug")


def test_several_mistakes_in_one_truth_are_told_at_once(call, tmp_path):
    truth = "[truth]\nfamily = 'mixture'\nweights = [0.5, 0.6]\nmeans = [1, 2, 3]\nstds = [1, -1]\n"
    (tmp_path / "bad.toml").write_text("n_sample = 3\n" + truth)
    _, _, err = call("run", "bad.toml")
    for said in ("n_sample = 3", "add up to 1.1", "stds[1] = -1", "2, 3 and 2"):
        assert said in err


@pytest.mark.parametrize("mistake", ["n_sample = 3", "n_samples = 1"])
def test_a_missing_data_file_is_told_with_the_mistakes_of_the_recipe(call, tmp_path, mistake):
    (tmp_path / "bad.toml").write_text(f"{mistake}\n[truth]\nfamily = 'data'\npath = 'missing.csv'\n")
    code, _, err = call("run", "bad.toml")
    assert code == 2
    assert mistake in err
    assert "truth.path = 'missing.csv'" in err


def test_a_table_is_replaced_whole_or_not_at_all(call, tmp_path, monkeypatch):
    call("run", *SMALL, "--out", "out.zarr")
    (tmp_path / "x.csv").write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("modelcollapse.summary.write_csv", full)
    code, _, err = call("show", "out.zarr", "--csv", "x.csv")
    assert code == 4
    assert "No space left" in err
    assert (tmp_path / "x.csv").read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["out.zarr", "x.csv"]
    code, _, err = call("show", "out.zarr", "--csv", "out.zarr/zarr.json")
    assert code == 4


# the commands


def test_run_writes_a_result_and_a_figure_and_prints_the_laws(call, tmp_path):
    many = [*SMALL, "--set", "replicates=120"]  # from 100 on there is a z
    code, out, err = call("run", *many, "--out", "out.zarr", "--figure", "out.svg")
    assert (code, err) == (0, "")
    assert sorted(os.listdir(tmp_path)) == ["out.svg", "out.zarr"]
    dataset = mc.load(tmp_path / "out.zarr")
    measured = dataset["total_variance"].sel(generation=6).mean()
    row = next(
        line.split() for line in out.splitlines() if line.split()[:1] == ["6"] and len(line.split()) == 5
    )
    assert row[1] == f"{float(measured):.5g}"
    assert row[3] == f"{5 * (49 / 50) ** 6:.5g}"
    law = 5 * (49 / 50) ** 6
    relative = float(dataset["total_variance"][:, -1].std(ddof=1)) / float(measured) / 120**0.5
    z = (float(measured / law) ** (1 / 3) - (1 - relative**2 / 9)) / (relative / 3)  # Wilson and Hilferty
    assert row[4] == f"{z:+.2f}"


def test_show_says_the_same_as_run_and_writes_every_digit(call, tmp_path):
    _, said, _ = call("run", *SMALL, "--out", "out.zarr")
    code, out, _ = call("show", "out.zarr", "--csv", "out.csv")
    assert code == 0
    assert said.split("\n\nResult")[0] in out
    table = np.genfromtxt(tmp_path / "out.csv", delimiter=",", names=True)
    dataset = mc.load(tmp_path / "out.zarr")
    assert np.array_equal(table["total_variance"], dataset["total_variance"].values.ravel())
    assert np.array_equal(table["std_1"], dataset["std"].values[:, :, 1].ravel())


def test_show_prints_the_profile_with_results_of_other_sizes(call):
    _, said, _ = call("run", *SMALL, "--out", "out.zarr")
    assert "\n\nVerdict" in said
    call("run", *SMALL, "--set", "n_samples=200", "--out", "large.zarr")
    code, out, _ = call("show", "out.zarr", "--profile")
    assert code == 0
    assert out.startswith("Collapse profile of ")
    assert "slope of log loss on log N: not computed" in out
    code, out, _ = call("show", "out.zarr", "--profile", "--beside", "large.zarr")
    assert code == 0
    assert "slope at the end less that at first" in out
    code, _, err = call("show", "out.zarr", "--beside", "large.zarr")
    assert (code, "--beside" in err) == (2, True)
    call("run", *SMALL, "--set", "workflow.real=0.5", "--out", "real.zarr")
    code, _, err = call("show", "out.zarr", "--profile", "--beside", "real.zarr")
    assert (code, "workflow differs" in err) == (2, True)


@pytest.mark.parametrize("kind", ["overview", "variance", "density", "weights", "distance"])
def test_plot(call, tmp_path, kind):
    call("run", *SMALL, "--out", "out.zarr")
    assert call("plot", "out.zarr", "--kind", kind)[0] == 0
    assert (tmp_path / f"out-{kind}.png").stat().st_size > 5_000


def test_the_printed_recipe_is_the_default(call):
    code, out, _ = call("recipe")
    assert code == 0
    assert mc.Experiment.from_toml(out) == mc.Experiment()


def test_another_recipe_is_kept_unless_told_otherwise(call, tmp_path):
    call("run", *SMALL, "--out", "out.zarr")
    before = mc.load(tmp_path / "out.zarr")
    other = [*SMALL, "--set", "seed=1", "--out", "out.zarr"]
    code, _, err = call("run", *other)
    assert code == 4
    assert "seed = 1: the result there has 0" in err
    assert mc.load(tmp_path / "out.zarr").identical(before)
    assert call("run", *other, "--overwrite")[0] == 0
    assert mc.load(tmp_path / "out.zarr").attrs["seed"] == "1"


def test_the_same_recipe_may_run_again_and_go_further(call, tmp_path):
    call("run", *SMALL, "--out", "out.zarr")
    before = mc.load(tmp_path / "out.zarr")
    assert call("run", *SMALL, "--out", "out.zarr")[0] == 0
    assert mc.load(tmp_path / "out.zarr").identical(before)
    assert call("run", *SMALL, "--set", "generations=9", "--out", "out.zarr")[0] == 0
    longer = mc.load(tmp_path / "out.zarr").isel(generation=slice(0, 7))
    assert all(longer[name].equals(before[name]) for name in before)


def test_faithful_runs_from_its_recipe(call, tmp_path):
    recipe = os.path.join(os.path.dirname(__file__), "..", "..", "examples", "faithful.toml")
    code, out, _ = call("run", recipe, "--set", "generations=5", "--figure", "faithful.png")
    assert code == 0
    assert "mean total variance" in out
    assert (tmp_path / "faithful.png").exists()


# as a process


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_keeps_its_generations(tmp_path, number, code):
    long = ["run", "--set", "n_samples=2000", "--set", "generations=1000000", "--out", "out.zarr"]
    running = process(*long, folder=tmp_path)
    for _ in range(2):  # two lines of progress, five seconds apart: it is computing
        assert "% done" in running.stderr.readline()
    asked = time.monotonic()
    running.send_signal(number)
    _, err = running.communicate(timeout=30)
    assert time.monotonic() - asked < 5.0
    assert running.returncode == code
    assert "kept generations 0 to" in err
    assert "Traceback" not in err
    kept = mc.load(tmp_path / "out.zarr")
    last = int(kept["generation"][-1])
    assert last > 10
    assert kept.isel(replicate=slice(0, 1), generation=slice(0, 11)).equals(
        mc.run(mc.Experiment(n_samples=2000, generations=10, replicates=1))
    )


def test_a_closed_pipe_is_no_error(tmp_path):
    running = process("recipe", folder=tmp_path)
    running.stdout.close()
    with running.stderr as said:
        assert running.wait(30) in (0, 141)
        assert "Traceback" not in said.read()


def test_help_imports_nothing_heavy(tmp_path):
    program = (
        "import sys; sys.argv = ['modelcollapse', '--help']\n"
        "from modelcollapse.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit:\n    pass\n"
        "heavy = {'numba', 'xarray', 'matplotlib', 'sklearn', 'scipy', 'pydantic'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, cwd=tmp_path)
