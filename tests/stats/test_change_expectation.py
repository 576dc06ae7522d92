from __future__ import annotations

import numpy as np
import pytest

from absence_risk.stats.change import Sample, expected_beside_observed


def _samples(
    rng: np.random.Generator, n: int, m: int, schools: int = 10
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    X = np.column_stack([np.ones(n + m), rng.normal(size=(n + m, 2))])
    codes = np.r_[np.arange(schools), rng.integers(schools, size=n + m - schools)]
    return X, rng.normal(size=n + m), codes


def test_registry_on_a_line_gives_the_line_exactly() -> None:
    rng = np.random.default_rng(1)
    X, y, codes = _samples(rng, 40, 200)
    beta = np.array([0.3, -0.2, 0.1])
    found = expected_beside_observed(
        Sample(X=X[:40], y=y[:40], codes=codes[:40]),
        Sample(X=X[40:], y=X[40:] @ beta, codes=codes[40:]),
    )
    assert found.means[1] == pytest.approx((X[:40] @ beta).mean(), abs=1e-12)
    assert found.means[2] == pytest.approx((y[:40] - X[:40] @ beta).mean(), abs=1e-12)
    # Without noise in the registry the error is that of a mean, by leaving out schools.
    rest, school = y[:40] - X[:40] @ beta, codes[:40]
    left = np.array([rest[school != g].mean() for g in range(10)])
    error = np.sqrt(0.9 * ((rest.mean() - left) ** 2).sum())
    assert found.std_errors[2] == pytest.approx(error, rel=1e-9)


def test_single_rows_without_noise_in_the_registry_give_the_textbook_error() -> None:
    rng = np.random.default_rng(2)
    y, one = rng.normal(size=25), np.ones((25, 1))
    registry = Sample(X=one, y=np.zeros(25), codes=np.arange(25))
    found = expected_beside_observed(Sample(X=one, y=y, codes=np.arange(25)), registry)
    assert found.std_errors[2] == pytest.approx(y.std(ddof=1) / 5, rel=1e-12)
    assert found.df == 24


def test_cases_that_are_the_registry_are_as_expected() -> None:
    X, y, codes = _samples(np.random.default_rng(3), 60, 0)
    same = Sample(X=X, y=y, codes=codes)
    found = expected_beside_observed(same, same)
    assert found.means[2] == pytest.approx(0.0, abs=1e-12)
    assert found.std_errors[2] == pytest.approx(0.0, abs=1e-12)


def test_an_empty_regressor_changes_nothing() -> None:
    X, y, codes = _samples(np.random.default_rng(4), 40, 100)
    wide = np.column_stack([X, np.zeros(140), X[:, 1]])

    def run(Z: np.ndarray) -> np.ndarray:
        cases = Sample(X=Z[:40], y=y[:40], codes=codes[:40])
        found = expected_beside_observed(cases, Sample(X=Z[40:], y=y[40:], codes=codes[40:]))
        return np.r_[found.means, found.std_errors]

    assert run(wide) == pytest.approx(run(X), abs=1e-9)


def test_cases_in_one_cluster_are_refused() -> None:
    one = np.ones((3, 1))
    cases = Sample(X=one, y=np.arange(3.0), codes=np.zeros(3, dtype=int))
    with pytest.raises(ValueError, match="at least 2 clusters"):
        expected_beside_observed(cases, Sample(X=one, y=np.zeros(3), codes=np.arange(3)))
