"""The book: published figures of model collapse, made again, each with the numbers it was published with.

One script a figure, in the folder of the question it answers; `CONTENTS` is the order on the page.
"""

CONTENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "one_gaussian": ("How does one Gaussian collapse?", ("one_fit", "refits")),
    "accumulate": ("What if nothing is thrown away?", ("gaussians",)),
    "real_data": ("What does real data do?", ("fresh_loop", "golden_ratio")),
    "categories": ("What becomes of rare categories?", ("absorption", "total_collapse")),
}
"""A folder's question, and its figures."""

README_FIGURES = ("blog/overview", "blog/solvers")
"""Scripts that make the README's figures, and are run by ``make figures``."""
