"""What the page can offer: read off the lab, so that it need not be kept up."""

import inspect
from functools import cache
from typing import Any

from modelcollapse import families, truths, workflows
from modelcollapse.engines import ENGINES
from modelcollapse.experiment import Experiment
from modelcollapse.page.limits import LIMITS
from modelcollapse.page.stories import STORIES
from modelcollapse.version import __version__

TRUTHS = ("gaussian", "mixture", "categorical", "data")
"""Truths that the page has a form for."""


@cache
def about() -> dict[str, Any]:
    """Version, the default recipe, limits, workflows with their keys, stories."""
    known = {table.model_fields["family"].default for table in truths.TRUTHS}
    return {
        "version": __version__,
        "default": Experiment().table(),
        "limits": {path: list(span) for path, span in LIMITS.items()},
        "workflows": {kind.model_fields["kind"].default: _workflow(kind) for kind in workflows.WORKFLOWS},
        "truths": [family for family in TRUTHS if family in known],
        "learners": [table.name for table in families.LEARNERS],
        "engines": [*ENGINES, "auto"],
        "stories": [
            {"id": one.name, "title": one.title, "text": one.text, "recipe": dict(one.recipe), "look": {}}
            for one in STORIES
        ],
    }


def _workflow(kind: Any) -> dict[str, Any]:
    """Its keys, and the first sentence that is said of it."""
    text = inspect.getdoc(kind) or ""
    keys = [name for name in kind.model_fields if name != "kind"]
    return {"keys": keys, "sentence": text.split("\n\n")[0].replace("\n", " ")}
