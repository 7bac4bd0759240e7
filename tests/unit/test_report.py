"""Reports: one file that needs nothing else, holds the summary's numbers, and runs nothing a user wrote."""

import json
import re
import sys
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib.figure import Figure
from stacking import stacked, study_of

import modelcollapse as mc
from modelcollapse import cli
from modelcollapse.profile import collapse_profile
from modelcollapse.report import report
from modelcollapse.report.figures import inline
from modelcollapse.report.markup import Markup, element
from modelcollapse.store import digest
from modelcollapse.studies.study import Study
from modelcollapse.studies.written import as_toml
from modelcollapse.study_summary import study_summary
from modelcollapse.summary import medians, summary
from modelcollapse.verdict import spread_out, verdicts

TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "nav", "main", "section", "h1", "h2", "h3"),
    *("p", "b", "small", "span", "a", "dl", "dt", "dd", "div", "pre", "code", "figure", "figcaption"),
    *("table", "thead", "tbody", "tr", "th", "td"),
    *("svg", "g", "defs", "path", "use", "clippath", "pattern", "rect", "image"),
}
"""All elements that a report may have."""
HOSTILE = [
    "<script>alert(1)</script>", "</title><script>alert(1)</script>", "</style><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "' onmouseover='alert(1)", "javascript:x",
    "<!--", "-->", "--><script>alert(1)</script>", "]]>", "<![CDATA[<script>alert(1)</script>]]>",
    "&lt;script&gt;", "&#60;script&#62;", "<iframe src=//evil.example>", "<a href=javascript:alert(1)>x</a>",
    "<base href=//evil>", "<link rel=stylesheet href=//evil>", "<meta http-equiv=refresh content=0>",
    "<form action=//evil>", "<svg><use href=data:x>", "<math><mtext></p>", "<details ontoggle=alert(1) open>",
    "<style>*{}</style>", "@import url(//evil)", "expression(alert(1))", "{{7*7}}", "${7*7}", "<%= 7 %>",
    "$\\frac{", "$x^2$", "\\input{x}", "a\x00b", "a\x0bb", "\x1b[31mred", "\x07", "\u202etxt.exe",
    "\u2028<script>", "\ufffe", "\uffff", "\ufeff<b>", "x" * 300, " ", "\t<b>", "<" * 50, "&" * 50, '"' * 20,
    "'" * 20, "<b>bold</b>", "é中😀<i>",
]  # fmt: skip
GAUSSIAN = """
[truth]
family = "gaussian"
mean = 0.0
std = 1.0

[learner]
family = "gaussian"
"""


class Reading(HTMLParser):
    """What a browser would find in a page: elements, attributes, text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.words = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attributes]

    def handle_data(self, data):
        if self.tags[-1:] != ["style"]:
            self.words.append(data)

    def handle_comment(self, data):
        self.tags.append("comment")

    def handle_pi(self, data):
        self.tags.append("processing instruction")

    @property
    def text(self):
        return "\n".join(self.words)

    def values(self, name):
        return [value for _, key, value in self.attributes if key == name]


def run(**values):
    return mc.run(mc.Experiment(**values), threads=1)


@pytest.fixture(scope="module")
def judged():
    """Laws that are judged, and some that are not."""
    text = f"n_samples = 30\ngenerations = 40\nreplicates = 120\n{GAUSSIAN}"
    return mc.run(mc.Experiment.from_toml(text), threads=1)


@pytest.fixture(scope="module")
def lost():
    """Dead components and points."""
    return run(n_samples=9, generations=120, replicates=6)


@pytest.fixture(scope="module")
def study():
    """Shares by sizes; a cell is not done, and of one a replicate alone."""
    text = f"generations = 20\nreplicates = 110\n{GAUSSIAN}[sweep]\nn_samples = [20, 50, 100]\n"
    done = np.ones((3, 3, 110), dtype=bool)
    done[1, 1], done[2, 2, 1:] = False, False
    return stacked(study_of(text + '"workflow.real" = [0.0, 0.1, 0.5]'), done)


@pytest.fixture(scope="module")
def simplex():
    text = f"n_samples = 20\ngenerations = 10\nreplicates = 3\n{GAUSSIAN}[sweep]\n"
    return stacked(study_of(text + "mix = {simplex = 0.25}"))


@pytest.fixture(scope="module")
def pages(request):
    """Reports of the fixtures above, each made once."""
    made = {}

    def page(name):
        if name not in made:
            made[name] = report(request.getfixturevalue(name))
        return made[name]

    return page


def is_harmless(page):
    """Nothing is loaded, nothing is run, and all ids are different."""
    found = Reading(page)
    assert set(found.tags) <= TAGS
    assert not [key for _, key, _ in found.attributes if key.startswith("on") or key in ("src", "action")]
    assert all(re.match(r"#[\w-]+$|data:image/png;base64,", link) for link in found.values("href"))
    assert "http://" not in page
    assert "https://" not in page
    ids = found.values("id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in found.values("href") if link.startswith("#")} <= set(ids)
    assert set(re.findall(r"url\(#([^)]+)\)", page)) <= set(ids)
    (policy,) = [v for v in found.values("content") if "default-src" in v]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert "url(" not in page.split("<style>")[1].split("</style>")[0]
    return found


@pytest.mark.parametrize("name", ["judged", "lost", "study", "simplex"])
def test_a_report_needs_nothing_and_runs_nothing(name, request, pages):
    dataset, page = request.getfixturevalue(name), pages(name)
    found = is_harmless(page)
    assert page.count("<svg") == {"study": 2, "simplex": 1}.get(name, 4)
    for part in ("At a glance", "What was run", "Laws", "What happened", "Recipe", "Run it again"):
        assert part in found.words
    for status in mc.Status:
        assert status.name.lower() in found.words
        assert status.sentence in found.words
    assert digest(dataset) in found.words


def test_the_same_result_gives_the_same_bytes(lost, pages):
    assert report(lost.copy(deep=True)) == pages("lost")


@pytest.mark.parametrize("name", ["judged", "lost"])
def test_its_numbers_are_those_of_the_summary(name, request, pages):
    dataset = request.getfixturevalue(name)
    found, said = Reading(pages(name)), summary(dataset)
    for number in re.findall(r"[-+]?\d+(?:\.\d+)?(?:e[-+]\d+)?", said.split("Verdict")[0]):
        assert number in found.text, number
    assert [
        cell for row in medians(dataset, spread_out(dataset))[1] for cell in row if cell not in found.words
    ] == []
    for line in said.split("\n\n")[0].splitlines():
        assert line in found.words


@pytest.mark.parametrize(("name", "words"), [("judged", {"agrees"}), ("lost", {"not judged"})])
def test_every_law_stands_there_with_z_and_verdict(name, words, request, pages):
    found, judgements = Reading(pages(name)), verdicts(request.getfixturevalue(name))
    assert {one.word for one in judgements} == words
    assert found.values("class").count("verdict agrees") == sum(one.word == "agrees" for one in judgements)
    assert found.values("class").count("verdict not-judged") == sum(
        one.word != "agrees" for one in judgements
    )
    rows = {row[0]: row for row in rows_of(pages(name)) if len(row) == 8}
    for one in judgements:
        assert one.law.source in found.text
        row = rows[one.law.label]
        assert row[1].startswith(one.word)
        assert row[2] == str(one.at.generation)
        assert float(row[3].replace(",", "")) == pytest.approx(one.at.measured, rel=0.01)
        if one.word == "agrees":
            worst = f"{one.worst.z:+.2f} (t = {one.worst.generation})"
            assert row[6:] == [f"{one.at.z:+.2f}", worst if one.judged > 1 else "-"]
        else:
            assert row[6:] == ["-", "-"]


def test_a_law_that_differs_says_so(judged):
    wrong = judged.copy(deep=True)
    wrong["total_variance"] = wrong["total_variance"] * 1.7
    found = Reading(report(wrong))
    assert "verdict differs" in found.values("class")


def rows_of(page):
    """The cells of each table's rows."""
    rows = re.findall(r"<tr>(.*?)</tr>", page.replace("\n", " "))
    cells = (re.findall(r"<t[hd].*?</t[hd]>", row) for row in rows)
    return [[unescape(re.sub("<[^>]+>", "", cell)) for cell in row] for row in cells]


def test_statuses_are_counted_and_dated(lost, pages):
    status, rows = lost["status"].values, rows_of(pages("lost"))
    seen = set()
    for one in mc.Status:
        ever = (status & int(one)) != 0
        count = int(ever.any(axis=1).sum())
        first = str(lost["generation"].values[ever.any(axis=0)].min()) if count else "-"
        (row,) = (row for row in rows if row[0] == one.name.lower())
        assert row[1:3] == [f"{count} of 6", first]
        seen.add(count)
    assert len(seen) > 2


def test_statuses_of_a_study_are_counted_by_replicates_and_cells(pages):
    text = "generations = 40\nreplicates = 5\n[sweep]\nn_samples = [9, 12, 400]\n"
    dataset = stacked(study_of(text))
    status, rows = dataset["status"].values, rows_of(report(dataset))
    status = status.reshape(3, 5, -1)
    seen = set()
    for one in mc.Status:
        ever = ((status & int(one)) != 0).any(axis=2)
        (row,) = (row for row in rows if row[0] == one.name.lower())
        assert row[1:3] == [f"{ever.sum()} of 15", str(ever.any(axis=1).sum())]
        seen.add(int(ever.sum()))
    assert len(seen) > 1


@pytest.mark.parametrize("name", ["judged", "lost"])
def test_the_profile_is_all_there(name, request, pages):
    dataset, found = request.getfixturevalue(name), Reading(pages(name))
    for row in collapse_profile(dataset).rows:
        assert row.meaning in found.words
        assert f"{row.quantity} ({row.unit})" in found.words or row.quantity in found.words
        if row.last is not None:
            value = "∞" if row.last.value == np.inf else f"{row.last.value:.4g}"
            assert value in found.words


def test_its_recipe_and_its_python_give_the_result_again(lost, tmp_path, monkeypatch, pages):
    found = Reading(pages("lost"))
    toml, command, python, replay = (
        text for text in found.words if "\n" in text.strip() or "modelcollapse run" in text
    )
    assert mc.Experiment.from_toml(toml) == mc.Experiment.from_toml(
        mc.Experiment.from_json(lost.attrs["recipe"]).to_toml()
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipe.toml").write_text(toml)
    exec(compile(python, "python", "exec"), {})
    monkeypatch.setattr(sys, "argv", command.split())
    with pytest.raises(SystemExit, match="0"):
        cli.main()
    assert mc.load("again.zarr").equals(lost)
    exec(compile(replay.replace("RESULT", "again"), "replay", "exec"), {})


@pytest.mark.parametrize("name", ["study", "simplex"])
def test_a_study_says_what_its_summary_says(name, request, pages):
    dataset = request.getfixturevalue(name)
    found, said = Reading(pages(name)), study_summary(dataset)
    for line in said.splitlines():
        for cell in re.split(r"\s{2,}", line.strip()):
            assert cell.removeprefix("law  ").rstrip(".").split(": ")[0] in found.text, cell
    assert "8 of 9 done" not in found.text
    if name == "study":
        assert "7 of 9 done, 1 in part" in found.words
        assert "771 of 990 computed, none left out" in found.words


def test_the_recipe_of_a_study_is_the_study(study, simplex, pages):
    for name, dataset in (("study", study), ("simplex", simplex)):
        toml = next(text for text in Reading(pages(name)).words if "[sweep" in text)
        assert Study.from_toml(toml).to_json() == dataset.attrs["recipe"]


SWEEPS = [
    '"workflow.real" = [0.0, 0.1]',
    "n_samples = {log = [100, 1e6], count = 3}",
    "mix = {simplex = 0.5}",
    "mix = {simplex = 0.05}",
    'size = {zip = [{n_samples = 100, "workflow.real" = 0.5}, {n_samples = 90, "workflow.real" = 0.1}]}',
    'learner = [{family = "gaussian"}, {family = "gaussian", ddof = 1}]',
    "workflow = [{real = 0.1, kept = 0.2}, {real = 0.2, kept = 0.1}]",
    'truth = [{family = "gaussian", mean = 0, std = 1}, {family = "gaussian", mean = 0, std = 2}]\n'
    "seed = [1, 2]",
    '"truth.std" = [1, 2.5]\n"learner.ddof" = [0, 1]',
]


@pytest.mark.parametrize("sweep", SWEEPS)
def test_a_study_is_written_as_it_is_read(sweep):
    one = Study.from_toml(f"generations = 3\n{GAUSSIAN}\n[sweep]\n{sweep}")
    again = as_toml(one)
    assert Study.from_toml(again).to_json() == one.to_json()
    assert ("simplex = 0.05" in again) == ("0.05" in sweep)


def test_a_study_whose_values_came_later_is_written_whole():
    one = Study.from_toml(f"{GAUSSIAN}\n[sweep]\nmix = {{simplex = 0.5}}")
    (axis,) = one.axes
    other = Study(one.recipe, (axis.reordered([5, 0, 1, 2, 4, 3]),))
    assert Study.from_toml(as_toml(other)).to_json() == other.to_json()


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "items.csv"
    path.write_text("wait\n" + "\n".join(map(str, [1.0, 2.0, 2.5, 3.0, 8.0, 9.0])))
    truth = {"family": "data", "path": str(path), "column": "wait"}
    return run(n_samples=9, generations=3, replicates=2, truth=truth)


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("first", range(0, len(HOSTILE), 5))
def test_hostile_labels_are_text(first, items, monkeypatch):
    """Each of them as a column, a path, a note, a version and a seed: where a file may hold any text."""
    for turn in range(5):
        column, path, note, version, seed = np.roll(HOSTILE[first : first + 5], turn).tolist()
        recipe = json.loads(items.attrs["recipe"])
        recipe["truth"] |= {"column": column or "x", "path": path or "x"}
        said = {"recipe": json.dumps(recipe), "notes": note, "x_version": version, "seed": seed}
        found = is_harmless(report(items.assign_attrs(said)))
        assert f"Note: {note}" in found.text
        assert version in found.words
        assert seed in found.words
        monkeypatch.setattr("modelcollapse.report.of_result.panels_of", lambda _: [])  # they take long
    monkeypatch.undo()


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_labels_in_a_figure_are_outlines(label):
    figure = Figure(figsize=(2, 2))
    figure.add_subplot().set_xlabel(label, parse_math=False)
    found = Reading(inline(figure, "f0-", label))
    assert set(found.tags) <= TAGS
    assert not found.text.strip()
    assert found.values("aria-label") == [label] or "\x00" in label or "\t" in label


def test_hostile_values_along_the_axes_of_a_study_are_text():
    """Coordinates that hold text: values set together, which are written as TOML."""
    label = "<script>alert(1)</script>--><b>'"
    text = f"n_samples = 9\ngenerations = 3\nreplicates = 2\n{GAUSSIAN}[sweep]\nn_samples = [9, 10, 11]\n"
    small = stacked(study_of(text + '"workflow.real" = [0.0, 0.5]'))
    found = is_harmless(report(small.assign_attrs(numpy_version=label, seed=label)))
    assert found.words.count(label) == 2


def test_a_truth_in_a_file_is_told(items, pages):
    assert "The truth lies in a file" in report(items)
    assert "The truth lies in a file" not in pages("study")


def test_what_is_no_markup_is_escaped():
    said = element("p", "<b>", element("i", "&"), ["<u>"], title='"')
    assert said == '<p title="&quot;">&lt;b&gt;<i>&amp;</i>&lt;u&gt;</p>'
    assert isinstance(said, Markup)
    assert not isinstance(said.lower(), Markup)


OTHERS = [
    {"replicates": 1},
    {"generations": 1},
    {"learner": {"family": "kde", "bandwidth": 0.3}},
    {"truth": {"family": "poisson", "rate": 2.0}, "learner": {"family": "poisson"}},
    {"truth": {"family": "linear", "dimension": 2, "noise": 1.0}, "learner": {"family": "linear"}},
    {"truth": {"family": "gaussian-nd", "dimension": 2}, "learner": {"family": "gaussian-nd"}},
    {
        "truth": {"family": "categorical", "zipf": {"categories": 9, "exponent": 1.0}},
        "learner": {"family": "categorical"},
    },
    {"workflow": {"kind": "accumulate"}},
    {"engine": "auto"},
]


@pytest.mark.parametrize("values", OTHERS, ids=str)
def test_a_report_of_every_kind_of_result(values):
    is_harmless(report(run(**{"n_samples": 20, "generations": 5, "replicates": 3} | values)))


def test_a_result_without_a_model_says_so(lost):
    page = report(lost.isel(generation=[0]))
    is_harmless(page)
    assert page.count("and no model yet") == 2


def test_a_study_of_which_nothing_is_done_says_so(study):
    nothing = study.copy(deep=True)
    nothing["done"][:] = 0
    page = report(nothing)
    is_harmless(page)
    assert "No cell of the study is done yet" in page


def test_a_cell_of_a_study_is_a_result(study):
    page = report(study.isel(n_samples=0, real=0))
    assert "A result of modelcollapse" in page


def test_other_sizes_give_the_scaling_law(judged, pages):
    other = mc.run(mc.Experiment.from_json(judged.attrs["recipe"]).changed(n_samples=60), threads=1)
    assert "it needs results" in pages("judged")
    assert "it needs results" not in report(judged, [other])


# the command


@pytest.fixture
def call(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["modelcollapse", *words])
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        return code, *capsys.readouterr()

    return run


def test_the_command_writes_a_report(call, tmp_path, lost, pages):
    mc.save(lost, tmp_path / "lost.zarr")
    assert call("report", "lost.zarr") == (0, "Report: lost.html\n", "")
    assert (tmp_path / "lost.html").read_text(encoding="utf-8") == pages("lost")
    assert call("report", "lost.zarr", "-o", "lost.html")[0] == 0  # over the one that is there
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lost.html", "lost.zarr"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["missing.zarr"], 3, "no such result"),
        (["lost.zarr", "-o", "a.pdf"], 2, "must end in .html or .htm"),
        (["lost.zarr", "-o", "lost.zarr/a.html"], 4, "lies in the result"),
        (["lost.zarr", "-o", "no/a.html"], 4, "cannot be written"),
        (["lost.zarr", "-o", "a.html", "--beside", "lost.zarr"], 2, "beside"),
    ],
)
def test_what_is_refused_leaves_nothing(call, tmp_path, lost, words, code, said):
    mc.save(lost, tmp_path / "lost.zarr")
    found, out, err = call("report", *words)
    if said == "beside":  # two results at one N: no scaling law, and no error
        assert found == 0
        return
    assert (found, out) == (code, "")
    assert said in err
    assert [path.name for path in tmp_path.iterdir()] == ["lost.zarr"]
