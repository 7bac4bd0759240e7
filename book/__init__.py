"""The book: published figures of model collapse, made again, each with the numbers it was published with.

One script a figure, in the folder of the question it answers; `CONTENTS` is the order on the page.
"""

CONTENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "one_gaussian": ("How does one Gaussian collapse?", ("one_fit", "refits")),
    "blog": ("What does a mixture do?", ("narrowing",)),
    "vectors": ("And in the plane?", ("one_blob",)),
    "accumulate": ("What if nothing is thrown away?", ("gaussians", "kernels", "regression")),
    "real_data": (
        "What does real data do, and how much is enough?",
        ("fresh_loop", "golden_ratio", "fixed_or_fresh", "how_much"),
    ),
    "categories": ("What becomes of what is rare?", ("absorption", "total_collapse", "rates", "zipf_tails")),
    "verified": ("Does a verifier help?", ("threshold",)),
}
"""A folder's question, and its figures."""

README_FIGURES = ("blog/overview", "blog/solvers")
"""Scripts that make the README's figures, and are run by ``make figures``."""
