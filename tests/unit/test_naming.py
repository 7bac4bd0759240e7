"""Names of points that are tables: what differs, short, and never two alike."""

from modelcollapse.plots.naming import MOST, short_names


def test_tables_are_named_by_what_differs():
    near = '{family = "mixture", weights = [0.5, 0.5], means = [-1.0, 1.0], stds = [1.0, 1.0]}'
    far = near.replace("1.0]}", "1.0]}").replace("[-1.0, 1.0]", "[-3.0, 3.0]")
    assert short_names([near, far]) == ("means = [-1, 1]", "means = [-3, 3]")
    inner = ["{a = {b = 1, c = 2}}", "{a = {b = 1}}", "{a = {b = 1, c = 3}}"]
    assert short_names(inner) == ("a.c = 2", "", "a.c = 3")


def test_other_texts_stay_as_they_are_but_for_their_length():
    assert short_names(["em", "scikit-learn"]) == ("em", "scikit-learn")
    assert short_names(["{no table", "x"]) == ("{no table", "x")
    alike = ["a" * 200 + end for end in "xy"]
    assert [name[:3] for name in short_names(alike)] == ["1: ", "2: "]
    assert max(map(len, short_names(["b" * 200, "c"]))) == MOST


def test_names_of_hostile_text():
    deep = "{a = " * 500 + "1" + "}" * 500
    assert len(set(short_names([deep, "<script>"]))) == 2
