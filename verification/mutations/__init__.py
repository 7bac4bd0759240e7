"""The mutants: deliberate mistakes, each with the test that is to catch it."""

from verification.mutations.base import SOURCE, Mutant
from verification.mutations.families import FAMILIES
from verification.mutations.kernels import KERNELS
from verification.mutations.page import PAGE_AND_REPORT
from verification.mutations.recursion import RECURSION
from verification.mutations.studies import STUDIES
from verification.mutations.theory import THEORY
from verification.mutations.workflows import WORKFLOWS

__all__ = ["MUTANTS", "SOURCE", "Mutant"]

MUTANTS: tuple[Mutant, ...] = (
    *(*RECURSION, *FAMILIES, *WORKFLOWS, *THEORY, *STUDIES, *PAGE_AND_REPORT, *KERNELS),
)
"""All of them; kernels last, because their code is compiled anew."""
