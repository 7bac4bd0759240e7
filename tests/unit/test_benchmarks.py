"""The benchmark's harness: its arithmetic, and the schema of what it writes. Nothing is timed."""

import json
from dataclasses import dataclass, field

import numpy as np
import pytest

from benchmarks import check, contenders, figure, report, rivals, summaries
from benchmarks.cases import Case
from benchmarks.contenders import ALL, BY_NAME, NUMPY, Contender, Unavailable
from benchmarks.race import race


@dataclass
class Fake:
    """An entrant that says what it is told to say, and writes down when it was asked."""

    contender: Contender
    seconds: list[float]
    threads: int = 1
    asked: list[tuple[str, int]] = field(default_factory=list)

    def ask(self, do, case, seed):
        self.asked.append((do, seed))
        if len(self.asked) > len(self.seconds):
            raise Unavailable("it broke")
        return {"seconds": self.seconds[len(self.asked) - 1]}


def entrants():
    case = Case(replicates=8, generations=10)
    return [
        (Fake(BY_NAME["scikit-learn"], [1.0, 3.0, 1.0]), Case(generations=10)),
        (Fake(BY_NAME[NUMPY], [0.5, 0.5, 0.5]), Case(generations=10)),
        (Fake(BY_NAME["exact"], [0.8, 1.2, 0.4]), case),
        (Fake(BY_NAME["exact"], [0.4, 0.4, 0.4], threads=2), case),
        (Fake(BY_NAME["mlpack"], [1.0]), Case(generations=10)),
    ]


def fake_report():
    rows, out = race(entrants(), 3, rest=0.0)
    reference = [{**row, "gap": None} for row in rows]
    sections = {"reference": reference, "items": rows, "threads": report.speedups(reference)}
    sections["memory"] = [
        {"contender": "exact", "label": "exact", **Case().table(), "mib": {"before": 90.0, "peak": 100.0}}
    ]
    sections["start"] = [
        {"what": "x", "measure": "process", "cache": "-", "runs": 1, "seconds": summaries.spread([1.0])}
    ]
    return report.assemble(sections, out, quick=True)


def test_a_ratio_is_taken_within_its_round():
    made = summaries.ratios([1.0, 3.0, 1.0], [0.5, 0.5, 1.0])
    assert made == {"median": 2.0, "low": 1.0, "high": 6.0}
    with pytest.raises(ValueError, match="rounds differ"):
        summaries.ratios([1.0], [1.0, 2.0])


def test_milliseconds_are_those_of_one_replicate_and_generation():
    assert summaries.milliseconds(2.0, 8, 100) == 2.5


@pytest.mark.parametrize(
    ("seconds", "each", "expected"), [(1.0, 0.1, 10), (1.0, 10.0, 2), (1.0, 1e-6, 50), (1.0, 0.0, 50)]
)
def test_generations_fill_the_time_within_bounds(seconds, each, expected):
    assert summaries.generations_for(seconds, each, 50) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.0, "0"), (0.01234, "0.0123"), (12.345, "12.3"), (12345.6, "12,346"), (1e-5, "1.00e-05")],
)
def test_numbers_of_tables_have_three_digits(value, text):
    assert summaries.significant(value) == text


def test_contenders_take_turns_with_the_seeds_of_the_round():
    entries = entrants()
    rows, out = race(entries, 3, rest=0.0)
    assert [seed for _, seed in entries[0][0].asked] == [10_000, 20_000, 30_000]
    assert entries[0][0].asked == entries[2][0].asked
    assert out == [{"name": "mlpack", "reason": "it broke"}]
    assert [row["contender"] for row in rows] == ["scikit-learn", NUMPY, "exact", "exact"]
    exact = rows[2]
    assert exact["ms"] == pytest.approx({"median": 10.0, "low": 5.0, "high": 15.0})
    assert exact["ratio"] == pytest.approx({"median": 20.0, "low": 10.0, "high": 20.0})


def test_two_threads_are_compared_with_one():
    (row,) = report.speedups(race(entrants(), 3, rest=0.0)[0])
    assert (row["contender"], row["replicates"]) == ("exact", 8)
    assert row["speedup"] == pytest.approx({"median": 2.0, "low": 1.0, "high": 3.0})


def test_a_report_has_its_schema_its_tables_and_its_figure(tmp_path):
    made = json.loads(json.dumps(fake_report(), allow_nan=False))
    assert report.faults(made) == []
    text = report.markdown(made)
    assert "mlpack: it broke" in text
    assert "| modelcollapse, exact | 8 | 10.0 (5.00, 15.0) | 20.0 (10.0, 20.0) | yes |" in text
    figure.draw(made).savefig(tmp_path / "figure.png")


def test_what_is_wrong_with_a_report_is_told():
    made = json.loads(json.dumps(fake_report()))
    made["rows"]["items"][0]["ms"]["median"] = "fast"
    made["rows"]["items"][1].pop("stop")
    assert report.faults(made) == ["items[0].ms.median: 'fast'", "items[1]: no stop"]
    assert report.faults({**made, "schema": True})


def test_the_committed_report_has_the_schema():
    file = report.RESULTS / "benchmark.json"
    if not file.exists():
        pytest.skip("no benchmark has been committed")
    made = json.loads(file.read_text())
    assert report.faults(made) == []
    assert not made["quick"]
    assert report.against_numpy(made["rows"]["reference"])


def test_the_check_compares_ratios_to_the_numpy_loop():
    ratios = report.against_numpy(race(entrants(), 3, rest=0.0)[0])
    assert ratios == pytest.approx({("exact", 8): 5.0})
    lines = check.compare(ratios, {("exact", 8): 2.6})
    assert lines[0].startswith("ok")
    assert check.compare(ratios, {("exact", 8): 2.4})[0].startswith("FELL")
    assert check.compare(ratios, {})[0].startswith("FELL")


def test_every_contender_has_a_look_and_a_name_of_its_own():
    assert len(BY_NAME) == len(ALL)
    assert {c.name for c in ALL} - {"scikit-learn-own"} == set(figure.LOOKS)


@pytest.mark.parametrize("make", [lambda: rivals.NumPyLoop(1e-6), lambda: rivals.ScikitLearn()])
def test_a_rival_keeps_the_variance_of_its_training_set(make):
    rival, case = make(), Case(n_samples=500, generations=2)
    sets = []
    for items, model in rivals.recursion(rival, case, 3):
        weight, mean, std = rival.params(model)
        x = np.asarray(items).ravel()
        assert weight @ (std**2 + (mean - weight @ mean) ** 2) == pytest.approx(x.var(), rel=1e-5)
        sets.append(x)
    assert not np.array_equal(sets[0], sets[1])


def test_the_gap_is_what_early_stopping_leaves():
    case = Case(n_samples=500, generations=3)
    tight = contenders.gap(BY_NAME[NUMPY], rivals.NumPyLoop(1e-8), case, 3)
    loose = contenders.gap(BY_NAME["scikit-learn"], rivals.ScikitLearn(), case, 3)
    exact = contenders.gap(BY_NAME["exact"], None, case, 3)
    assert tight < 1e-6
    assert exact < 1e-4
    assert loose > 1e-3


def test_an_engine_that_is_not_there_is_left_out_with_the_reason():
    with pytest.raises(Unavailable, match="no such engine"):
        contenders.ready(Contender("telepathy", "telepathy", "", True, ""))
