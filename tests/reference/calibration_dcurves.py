"""Reference values of net benefit from dcurves. Writes calibration_dcurves.json.

Run in an environment with dcurves: python tests/reference/calibration_dcurves.py.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import pandas as pd

ALARMS = (0.10, 0.15, 0.20, 0.30)
WEIGHTS = (0.05, 0.10, 0.20, 0.30, 0.50)


def main() -> None:
    """Compute the decision curve of alarms at fixed thresholds and write it."""
    import dcurves  # the tests collect this module where dcurves is not installed

    here = Path(__file__).parent
    data = pd.read_csv(here / "calibration.csv")
    names = []
    for at in ALARMS:
        names.append(f"alarm_{round(100 * at)}")
        data[names[-1]] = (data["absence"] >= at).astype(int)
    found = dcurves.dca(data=data, outcome="event", modelnames=names, thresholds=list(WEIGHTS))
    rows = found[["model", "threshold", "net_benefit"]].to_dict("records")
    text = json.dumps({"made_with": {"dcurves": version("dcurves")}, "rows": rows}, indent=1)
    (here / "calibration_dcurves.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
