"""Where the next training set comes from, one workflow a file; a new one is a class and its line here."""

from modelcollapse.workflows.augment import Augment
from modelcollapse.workflows.base import Corpus, Workflow, apportion
from modelcollapse.workflows.biased import Biased
from modelcollapse.workflows.decaying import Decaying
from modelcollapse.workflows.mix import Mix, Shares
from modelcollapse.workflows.pools import Accumulate, AccumulateSubsample
from modelcollapse.workflows.verified import Verified
from modelcollapse.workflows.weighted import Weighted

__all__ = [
    "WORKFLOWS",
    "Accumulate",
    "AccumulateSubsample",
    "Augment",
    "Biased",
    "Corpus",
    "Decaying",
    "Mix",
    "Shares",
    "Verified",
    "Weighted",
    "Workflow",
    "apportion",
]

WORKFLOWS = (Mix, Accumulate, AccumulateSubsample, Augment, Weighted, Biased, Verified, Decaying)
"""What a recipe's ``[workflow]`` can be."""
