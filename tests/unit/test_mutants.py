"""The list of deliberate mistakes does not rot: each still fits the code, and names a test that is there."""

import ast
from pathlib import Path

import pytest

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
