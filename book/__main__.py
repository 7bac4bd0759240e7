"""Build the book: ``python -m book`` all of it, ``python -m book NAME ...`` some figures or folders."""

import argparse
from pathlib import Path

from book import base


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m book", description="Published figures, made again.")
    parser.add_argument("names", nargs="*", help="figures or folders; all if none is named")
    parser.add_argument("--out", type=Path, default=base.HERE, help="where page, table and figures go")
    parser.add_argument("--png", type=Path, help="a folder for PNG pictures beside the SVG ones")
    parser.add_argument("--list", action="store_true", help="only print the names")
    options = parser.parse_args()
    if options.list:
        print("\n".join(base.names()))
        return
    if options.png:
        options.png.mkdir(parents=True, exist_ok=True)
    for name in base.chosen(
        options.names
    ):  # written after each, so that an interrupted build keeps what is done
        built = base.build(name, options.out, lambda line: print(line, flush=True), options.png)
        base.write(options.out, {name: built})


if __name__ == "__main__":
    main()
