"""What the page can offer: read off the lab, so that it need not be kept up."""

import inspect
from functools import cache
from typing import Any

from modelcollapse import workflows
from modelcollapse.engines import ENGINES
from modelcollapse.experiment import Experiment
from modelcollapse.page.limits import LEARNERS, LIMITS, TRUTHS
from modelcollapse.page.stories import STORIES
from modelcollapse.version import __version__


@cache
def about() -> dict[str, Any]:
    """Version, the default recipe, limits, workflows with their keys, stories."""
    return {
        "version": __version__,
        "default": Experiment().table(),
        "limits": {path: list(span) for path, span in LIMITS.items()},
        "workflows": {kind.model_fields["kind"].default: _workflow(kind) for kind in workflows.WORKFLOWS},
        "truths": list(TRUTHS),
        "learners": list(LEARNERS),
        "engines": [*ENGINES, "auto"],
        "stories": [
            {
                "id": one.name,
                "title": one.title,
                "text": one.text,
                "recipe": dict(one.recipe),
                "look": dict(one.look),
            }
            for one in STORIES
        ],
    }


def _workflow(kind: Any) -> dict[str, Any]:
    """Its keys, and the first sentence that is said of it."""
    text = inspect.getdoc(kind) or ""
    keys = [name for name in kind.model_fields if name != "kind"]
    return {"keys": keys, "sentence": text.split("\n\n")[0].replace("\n", " ")}
