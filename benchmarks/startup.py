"""The default start with and without requirements-clip.txt installed: there is no difference.

    python -m benchmarks.startup PYTHON_WITHOUT PYTHON_WITH [--runs 7]

Each argument is an interpreter of its own environment. Both start the app's first page in turn,
with an empty data folder and the built-in embedder, in a fresh process each time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def measure() -> dict[str, object]:
    """In a process of its own: run the first page as Streamlit does, once."""
    started = time.perf_counter()
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(Path.cwd() / "streamlit_app.py"), default_timeout=60).run()
    seconds = time.perf_counter() - started
    assert not app.exception, app.exception
    resident = 0.0
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmRSS"))
        resident = int(line.split()[1]) / 1000
    packages = sorted({name.partition(".")[0] for name in sys.modules})
    return {"seconds": seconds, "mb": resident, "modules": len(sys.modules), "packages": packages}


def run(python: str, home: Path) -> dict[str, object]:
    from tests.app.server import environment

    with tempfile.TemporaryDirectory() as data:
        done = subprocess.run(
            [python, str(Path(__file__).resolve()), "--measure"],
            cwd=home,
            env=environment(EMBEDDER="builtin", DATA_DIR=data, PYTHONPATH=str(home)),
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise SystemExit(done.stderr)
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python", nargs="*")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure()))
        return
    if len(arguments.python) != 2:
        parser.error("two interpreters: one without the extra, one with it")
    # Here, so that nothing of the tests is imported into what is measured.
    from tests.app.server import clone

    rows: dict[str, list[dict[str, object]]] = {"without": [], "with": []}
    with tempfile.TemporaryDirectory() as folder:
        home = clone(Path(folder) / "app")
        for number in range(arguments.runs + 1):
            for name, python in zip(rows, arguments.python, strict=True):
                # Not resolved: the path through an environment is what makes it one.
                row = run(str(Path(python).absolute()), home)
                if number:  # the first only warms the disk cache
                    rows[name].append(row)
    print("| the extra | seconds (median, least) | RSS MB (median) | modules |")
    print("| --- | --- | --- | --- |")
    medians = {}
    for name, found in rows.items():
        seconds = [float(str(row["seconds"])) for row in found]
        memory = statistics.median(float(str(row["mb"])) for row in found)
        medians[name] = (statistics.median(seconds), min(seconds), memory)
        print(
            f"| {name} | {medians[name][0]:.2f}, {medians[name][1]:.2f} | {memory:.0f} "
            f"| {found[-1]['modules']} |"
        )
    ratios = [b / a for a, b in zip(medians["without"], medians["with"], strict=True)]
    print(f"| ratio | {ratios[0]:.2f}, {ratios[1]:.2f} | {ratios[2]:.2f} | |")
    packages = [set(map(str, _list(found[-1]["packages"]))) for found in rows.values()]
    print(
        "\nPackages imported only with it:", ", ".join(sorted(packages[1] - packages[0])) or "none"
    )


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


if __name__ == "__main__":
    main()
