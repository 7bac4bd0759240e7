"""The book: scripts have their parts, a cheap figure is built, the page keeps what is not built again."""

from pathlib import Path

import pytest

from book import README_FIGURES, base
from book.one_gaussian import one_fit

BOOK = Path(base.__file__).parent


@pytest.mark.parametrize("name", base.names())
def test_a_script_has_its_parts_and_a_source_of_one_line(name):
    made = base.script(name)
    assert [part for part in base.PARTS if not hasattr(made, part)] == []
    assert made.SOURCE
    assert all("\n" not in getattr(made, part) for part in ("SOURCE", "TITLE", "PAPER", "HERE"))
    assert made.__doc__ is not None
    assert len(made.__doc__.strip().splitlines()) == 1


def test_every_script_stands_in_the_contents():
    scripts = {f"{file.parent.name}/{file.stem}" for file in BOOK.glob("*/*.py")}
    assert scripts == {*base.names(), *README_FIGURES}


def test_a_figure_is_built_and_the_others_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(one_fit, "REPLICATES", 20)
    monkeypatch.setattr(one_fit, "PUBLISHED", {10: (0.92062, 0.2212), 100: (0.99160, 0.0676)})
    other = "one_gaussian/refits"
    base.write(tmp_path, {other: ("### Refits", [base.Row("a number", 1.0, 0.1, law=1.2).line(other)])})
    name, said = "one_gaussian/one_fit", list[str]()
    base.write(tmp_path, {name: base.build(name, tmp_path, said.append)})
    page, table = (tmp_path / "index.md").read_text(), (tmp_path / "table.md").read_text()
    assert (tmp_path / "figures" / "one_gaussian-one_fit.svg").stat().st_size > 1000
    assert "### Refits" in page
    assert "| one_gaussian/refits | a number |  | 1.2 | 1.00 ± 0.10 |  | −2.0 |  |" in table
    assert table.count("| one_gaussian/one_fit | ") == 4
    assert table.split("\n\n", 1)[1] in page
    assert said[-1].endswith(" s")


def test_a_row_gives_z_only_where_both_errors_are_known():
    assert base.Row("x", 1.0, 0.3, 2.0, 0.4).z_published == pytest.approx(-2.0)
    assert base.Row("x", 1.0, 0.3, 2.0).z_published is None
    assert base.Row("x", 1.0, law=2.0).z_law is None
    assert base.Row("x", 1.0, 0.3, law=2.0, about=True).z_law is None


def test_an_unknown_figure_is_refused():
    with pytest.raises(SystemExit, match="no such figure: nothing"):
        base.chosen(["nothing"])
