"""The checks of ``verification/``, with few replicates; and that a check sees the defect it is to see."""

import numpy as np
import pytest

import modelcollapse as mc
import verification.checks  # noqa: F401  all checks are known once this is imported
from verification.__main__ import main
from verification.registry import CHECKS, Check, Run
from verification.report import overall, table_of
from verification.statements import ALARM, Chance, Mean, Shape

SEED = 5


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_holds_with_few_replicates(name):
    """400 replicates each: sees 10 to 60 % of a variance or an error, 0.2 between distribution functions."""
    outcome = CHECKS[name].run(SEED, quick=True)
    print(*outcome.findings, sep="\n")
    assert outcome.findings
    assert outcome.holds
    assert outcome.replicates == CHECKS[name].pilot


def of_normals(law=0.0, defect=0.1, **more):
    """A check of the mean 1 of normals of standard deviation 2."""

    def states(run):
        yield Mean("the mean", run.result, law, **more)

    def normals(replicates, seed):
        return np.random.default_rng(seed).normal(1.0, 2.0, replicates)

    return Check("normals", "E x = 1", "made up", mc.Experiment(), normals, defect, 400, states)


def test_replicates_are_computed_from_the_defect():
    """((4.9 + 2.33) sd/defect)^2 = 20,909, by a pilot's standard deviation: within 20 %."""
    exact = ((4.9 + 2.33) * 2.0 / 0.1) ** 2
    for seed in range(5):
        assert of_normals(1.0).replicates(seed) == pytest.approx(exact, rel=0.2)
    assert of_normals(2.0).replicates(0) == pytest.approx(exact / 4, rel=0.2)  # relative to the law
    assert of_normals(2.0, scale=1.0).replicates(0) == pytest.approx(exact, rel=0.2)
    assert of_normals(1.0, defect=100.0).replicates(0) == 400


def test_a_defect_is_seen_and_a_right_law_is_not_accused():
    """A law that is off by the defect is violated in 99 % of runs, by 7.23 standard errors on average."""
    wrong = [of_normals(1.1, scale=1.0).run(seed) for seed in range(100)]
    assert sum(outcome.holds for outcome in wrong) <= 5
    assert np.mean([outcome.findings[0].z for outcome in wrong]) == pytest.approx(-7.23, abs=0.4)
    right = [of_normals(1.0).run(seed) for seed in range(100)]
    assert all(outcome.holds for outcome in right)
    assert "rms of z" in overall(right)
    assert "normals" in overall(wrong)


def test_bounds_are_violated_on_one_side_and_about_beyond_its_tolerance():
    x = np.random.default_rng(0).normal(1.0, 2.0, 10_000)
    assert Mean("", x, 3.0, kind="at most").find().holds
    assert not Mean("", x, -1.0, kind="at most").find().holds
    assert Mean("", x, -1.0, kind="at least").find().holds
    assert not Mean("", x, 3.0, kind="at least").find().holds
    assert Mean("", x, 1.5, about=0.5).find().holds
    assert not Mean("", x, 1.5, about=0.3).find().holds
    assert Mean("", x, 1.5, about=0.5).find().kind == "about"


def test_what_is_no_number_is_a_violation():
    x = np.array([1.0, np.nan, 1.0])
    for kind in ("equal", "at most", "at least"):
        assert not Mean("", x, 1.0, kind=kind).find().holds
    assert not Mean("", np.ones(5), 2.0).find().holds  # no spread, and another number
    assert Mean("", np.ones(5), 1.0).find().holds


def test_distributions_are_told_apart():
    u = np.random.default_rng(0).random(40_000)
    assert Shape("", u, lambda x: x).find().holds
    assert not Shape("", u**1.2, lambda x: x).find().holds
    assert Shape("", u, lambda x: x, defect=0.0216).times(9.0) == pytest.approx(1.0, rel=1e-3)
    assert Chance("", 1e-6, 0.1, 0.2, 100).find().holds
    assert not Chance("", 1e-7, 0.1, 0.2, 100).find().holds
    assert Chance("", 1.0, 0.0, 0.2, 100).find().z < -ALARM  # and holds: a fit may be as good as it likes
    assert Chance("", 1.0, 0.0, 0.2, 100).find().holds


def test_a_pilot_is_no_part_of_the_run():
    seeds = []

    def listen(replicates, seed):
        seeds.append(seed)
        return np.random.default_rng(seed).normal(size=replicates)

    one = Check("a", "", "", mc.Experiment(), listen, 1.0, 400, lambda run: [Mean("", run.result, 0.0, 1.0)])
    one.run(7)
    assert len(set(seeds)) == 2
    one.run(7)
    assert seeds[:2] == seeds[2:]  # the same numbers again


def test_a_recipe_is_the_checks_own_and_is_reported():
    for check in CHECKS.values():
        assert check.law
        assert check.source
        assert 0.0 < check.defect < 1.0
        assert Run(check.experiment, None).v0 > 0.0
    outcome = of_normals(1.0).run(0)
    table = table_of(outcome)
    assert table["statements"][0]["holds"]
    assert mc.Experiment(**table["recipe"]) == mc.Experiment()


def test_the_command(capsys):
    assert main(["--list"]) == 0
    assert capsys.readouterr().out.split("\n")[:-1] == list(CHECKS)
    assert main(["--only", "nothing of this name"]) == 2
    assert main(["--only", "one given set", "--quick", "--seed", "3"]) == 0
    out = capsys.readouterr().out
    assert "seed 3" in out
    assert "Violated: none" in out
