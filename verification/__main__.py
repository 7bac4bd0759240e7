"""Run the checks: ``python -m verification [--seed S] [--only NAME] [--quick] [--list]``."""

import argparse
import secrets
import sys

import verification.checks  # noqa: F401  all checks are known once this is imported
from verification import report
from verification.registry import CHECKS, Outcome


def main(arguments: list[str] | None = None) -> int:
    """Run, print and write; 1 if a law is violated."""
    options = _options(arguments)
    chosen = [one for name, one in CHECKS.items() if not options.only or options.only in name]
    if options.list or not chosen:
        print(
            "\n".join(CHECKS if options.list else [f"no check is called {options.only!r}; --list names them"])
        )
        return 0 if options.list else 2
    seed = secrets.randbelow(2**32) if options.seed is None else options.seed
    about = ", ".join(f"{name} {value}" for name, value in report.versions().items())
    title = f"{about}, seed {seed}{', quick' if options.quick else ''}"
    print(f"{title}\n\n{report.HEAD}", flush=True)
    outcomes: list[Outcome] = []
    for one in chosen:
        outcomes.append(one.run(seed, options.quick))
        print("\n".join(report.lines_of(outcomes[-1])), flush=True)
    print(f"\n{report.overall(outcomes)}")
    if not options.only and not options.quick:
        print("\n".join(f"written: {path}" for path in report.write(outcomes, seed, title)))
    return 0 if all(outcome.holds for outcome in outcomes) else 1


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m verification", description=__doc__)
    parser.add_argument("--seed", type=int, help="any whole number; a fresh one if not given")
    parser.add_argument("--only", default="", metavar="NAME", help="checks whose name holds this")
    parser.add_argument("--quick", action="store_true", help="few replicates: is everything in its place?")
    parser.add_argument("--list", action="store_true", help="the names of all checks")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
