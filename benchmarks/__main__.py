"""``./dev bench [NAME…] [--bodies N] [--assets N]``: runs the benchmarks and prints a table each."""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib import import_module

NAMES = (
    "detection",
    "exposure",
    "verdicts",
    "scale",
    "rematch",
    "records",
    "imports",
    "loop",
    "pages",
    "lists",
    "streams",
)
MODULES = {"lists": "exposure_list"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("names", nargs="*", default=list(NAMES), help=f"of {', '.join(NAMES)}; none: all")
    parser.add_argument("--bodies", type=int, default=400)
    parser.add_argument("--assets", type=int, default=200_000)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--large", action="store_true", help="a hundred times the events too, for memory")
    parser.add_argument("--engine", action="store_true", help="of detection, the engine alone")
    parser.add_argument("--pairs", type=int, default=150_000)
    parser.add_argument("--records", type=int, default=300_000)
    parser.add_argument("--rows", type=int, default=1_000_000, help="exposures of the list")
    parser.add_argument(
        "--cases", type=int, default=0, help="pages of the list drawn at random; 0: every one"
    )
    parser.add_argument("--latency", type=float, default=10.0, help="ms added to each database round trip")
    parser.add_argument("--processes", type=int, default=2, help="that serve pages, or match")
    parser.add_argument("--seconds", type=float, default=20.0, help="of the stream")
    parser.add_argument("--rate", type=int, default=20_000, help="events a second of the stream")
    parser.add_argument("--per-message", type=int, default=20, help="events of the stream")
    parser.add_argument("--kills", type=int, default=3, help="of the stream's worker")
    parser.add_argument(
        "--stream-rules", default="process_creation", help="folders of rules/windows, with commas"
    )
    options = parser.parse_args()
    for name in options.names:
        if name not in NAMES:
            parser.error(f"unknown benchmark {name!r}: expected {', '.join(NAMES)}")
    if len(options.names) == 1:
        (name,) = options.names
        import_module(f"benchmarks.{MODULES.get(name, name)}").run(options)
        return
    settings = [one for one in sys.argv[1:] if one not in options.names]
    for name in options.names:  # each in a process of its own: one process is the platform of one database
        subprocess.run([sys.executable, "-m", "benchmarks", name, *settings], check=True)


if __name__ == "__main__":
    main()
