"""The demo's two commands on a register of real size: wall, CPU and peak memory of each.

Bar: at most 90 s together on 2 cores, at most 2 GB, more than 10 million lesson rows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMAND = Path(sys.executable).with_name("absence-risk")


def measured(call: list[str]) -> tuple[float, float, float]:
    """Return wall seconds, CPU seconds and the peak memory in MB of one child process."""
    start = time.perf_counter()
    with subprocess.Popen(call, stdout=subprocess.DEVNULL) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if child.returncode != 0:
        raise subprocess.CalledProcessError(child.returncode, call)
    scale = 1 if sys.platform == "darwin" else 1024
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * scale / 1e6


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        register, out = Path(folder) / "register", Path(folder) / "study"
        calls = {
            "simulate": [COMMAND, "simulate", register, "--pupils", "12000", "--seed", "1"],
            "validate": [COMMAND, "validate", register],
            "study": [COMMAND, "study", register, "--out", out, "--seed", "1"],
        }
        print("| command | wall s | CPU s | peak MB |")
        print("|---|---|---|---|")
        for name, call in calls.items():
            wall, cpu, peak = measured([str(part) for part in call])
            print(f"| {name} | {wall:.1f} | {cpu:.1f} | {peak:.0f} |")
        rows = json.loads((register / "manifest.json").read_text(encoding="utf-8"))["rows"]
        print(f"\n{rows:,} lesson rows")


if __name__ == "__main__":
    main()
