"""The command line as ``python -m modelcollapse``."""

from modelcollapse.cli import main

if __name__ == "__main__":
    main()
