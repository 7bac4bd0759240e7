"""Recipes as TOML text: short lists on one line, and nothing changed by that."""

import tomllib

from modelcollapse import toml


def test_short_lists_of_numbers_stand_on_one_line():
    text = toml.dumps({"a": [0.5, -1e-05, 3], "b": {"c": list(range(100))}, "d": []})
    assert text.startswith("a = [0.5, -1e-05, 3]\n")
    assert "    99,\n]" in text, "a long one stays as it was"


def test_whatever_is_written_is_read_back():
    table = {
        "text": "= [\n    1,\n    2,\n]\n",
        "key = [\n    1,\n]": [1.0, float("inf"), 2**60],
        "texts": ["1", "2,\n"],
        "tables": [{"a": [1, 2]}, {"a": [3.5]}],
        "nested": [[1, 2], [3, 4]],
    }
    assert tomllib.loads(toml.dumps(table)) == table
