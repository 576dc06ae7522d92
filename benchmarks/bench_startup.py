"""How long a person waits before anything happens: ``--help`` and ``import absence_risk``.

Bars: help under 0.5 s, import under 0.3 s beyond Python itself. Best of some runs, wall seconds.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

RUNS = 7
COMMAND = Path(sys.executable).with_name("absence-risk")


def best(call: list[str]) -> float:
    """Return the shortest wall time of some runs, in seconds."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run(call, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    bare = best([sys.executable, "-c", "pass"])
    imported = best([sys.executable, "-c", "import absence_risk"])
    shown = best([str(COMMAND), "--help"])
    print("| what | wall s | bar |")
    print("|---|---|---|")
    print(f"| python -c pass | {bare:.3f} | – |")
    print(f"| import absence_risk, beyond Python itself | {imported - bare:.3f} | 0.3 |")
    print(f"| absence-risk --help | {shown:.3f} | 0.5 |")


if __name__ == "__main__":
    main()
