"""CPU time of a million pseudonyms, beside a plain loop of HMAC-SHA256 in the same run."""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import secrets
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk.register.key_file import new_key_file
from absence_risk.register.pseudonym import Pseudonyms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

N = 1_000_000
BAR_CPU_S = 2.0


def identifiers(n: int, seed: int = 1) -> list[str]:
    """Return different texts in the form of Swedish numbers, most with a wrong checksum."""
    rng = np.random.default_rng(seed)
    day = rng.integers(0, 365 * 15, n).astype("datetime64[D]") + np.int64(365 * 38)
    serial = rng.permutation(n) % 10_000
    dates = np.char.replace(day.astype(str), "-", "")
    found = [f"{d}-{s:04d}" for d, s in zip(dates.tolist(), serial.tolist(), strict=True)]
    return list(dict.fromkeys(found))


def naive(texts: list[str]) -> Iterable[object]:
    """Hash each identifier as tutorials do."""
    key = secrets.token_bytes(32)
    return [hmac.new(key, t.encode(), hashlib.sha256).hexdigest() for t in texts]


def ours(texts: list[str], folder: Path) -> Iterable[object]:
    """Give out keys from a fresh object."""
    path = folder / f"{secrets.token_hex(4)}.key"
    new_key_file(path)
    return Pseudonyms.from_file(path, project="benchmark").keys("register", texts)


def cpu(work: Callable[[], Iterable[object]], n: int, repeats: int) -> float:
    """Return the least CPU time, and check that every identifier got a key of its own."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        found = work()
        times.append(time.process_time() - start)
        if len(set(found)) != n:
            raise SystemExit("Keys are not one per identifier.")
    return min(times)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="JSON file to store the figures in")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    texts = identifiers(N)
    results: dict[str, Any] = {"identifiers": len(texts)}
    with tempfile.TemporaryDirectory() as name:
        results["absence_risk_cpu_s"] = cpu(
            lambda: ours(texts, Path(name)), len(texts), arguments.repeats
        )
    results["hmac_sha256_loop_cpu_s"] = cpu(lambda: naive(texts), len(texts), arguments.repeats)
    mine, peer = results["absence_risk_cpu_s"], results["hmac_sha256_loop_cpu_s"]
    met = mine / len(texts) * N <= BAR_CPU_S
    sys.stdout.write(
        f"{len(texts):,} identifiers: absence_risk {mine:.2f} CPU s, plain HMAC-SHA256 loop "
        f"{peer:.2f} ({peer / mine:.1f} ×). Bar (≤ {BAR_CPU_S:g} CPU s): "
        f"{'met' if met else 'NOT met'}.\n"
    )
    if arguments.write:
        text = json.dumps(results, indent=1)
        arguments.write.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
