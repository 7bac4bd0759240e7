"""Where the next training set comes from, one workflow a file; a new one is a class and its line here."""

from modelcollapse.workflows.base import Corpus, Workflow, apportion
from modelcollapse.workflows.mix import Mix
from modelcollapse.workflows.pools import Accumulate, AccumulateSubsample

__all__ = ["WORKFLOWS", "Accumulate", "AccumulateSubsample", "Corpus", "Mix", "Workflow", "apportion"]

WORKFLOWS = (Mix, Accumulate, AccumulateSubsample)
"""What a recipe's ``[workflow]`` can be."""
