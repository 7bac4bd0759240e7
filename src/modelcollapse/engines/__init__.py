"""The engines a recipe can name; a new one is a file and its line here."""

from collections.abc import Callable, Mapping

from modelcollapse.engines.base import Engine
from modelcollapse.engines.diffusion import DiffusionEngine
from modelcollapse.engines.exact import ExactEngine
from modelcollapse.engines.grouped import GroupedEngine
from modelcollapse.families.base import Family

ENGINES: Mapping[str, Callable[[Family], Engine]] = {
    "exact": ExactEngine,
    "grouped": GroupedEngine,
    "diffusion": DiffusionEngine,
}
