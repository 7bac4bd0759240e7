"""The list of deliberate mistakes does not rot: each still fits the code, and names a test that is there."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from verification.mutants import Copy
from verification.mutations import MUTANTS, SOURCE, Mutant

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_old_text_stands_in_its_file_exactly_once(mutant):
    text = (SOURCE / mutant.file).read_text()
    changed = mutant.applied(text)
    assert changed != text
    ast.parse(changed)
    file, _, name = mutant.test.partition("::")
    assert f"\ndef {name.partition('[')[0]}(" in (TESTS / file).read_text()


def test_names_tell_them_apart():
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 36


def test_a_text_that_is_not_there_or_twice_is_an_error():
    for old in ("b", "x"):
        with pytest.raises(ValueError, match="not once"):
            Mutant("m", "f.py", old, "c", "t").applied("b = b")


def test_a_mistake_is_made_in_a_copy_caught_or_not_and_undone(tmp_path):
    """Of three: one is caught, one changes nothing, one names a test that is not there."""
    before = (SOURCE / "workflows" / "base.py").read_text()
    copy, test = Copy(tmp_path), "unit/test_workflows.py::test_apportion"
    same = Mutant("harmless", "workflows/base.py", '"""Split n by', '"""Divide n by', test)
    wrong = replace(same, name="wrong", old="(counts[i] - exact[i], i)", new="(counts[i] - exact[i], -i)")
    assert copy.judge(wrong, suite=False).caught_by == test
    verdict = copy.judge(same, suite=False)
    assert verdict.caught_by == ""
    assert "SURVIVES" in str(verdict)
    with pytest.raises(RuntimeError, match="missing"):
        copy.judge(replace(same, test="unit/test_workflows.py::test_missing"), suite=False)
    assert (SOURCE / "workflows" / "base.py").read_text() == before
    assert (tmp_path / "src/modelcollapse/workflows/base.py").read_text() == before
