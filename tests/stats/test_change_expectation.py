from __future__ import annotations

import numpy as np
import pytest

from absence_risk.errors import DesignError
from absence_risk.stats.change import Sample, expected_beside_observed, expected_outcomes


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
    # Without noise in the registry the error is the CR2 error of a mean, in closed form.
    rest, school = y[:40] - X[:40] @ beta, codes[:40]
    count = np.bincount(school, minlength=10)
    score = np.bincount(school, weights=rest - rest.mean(), minlength=10)
    error = np.sqrt((score**2 / (1 - count / 40)).sum()) / 40
    assert found.std_errors[2] == pytest.approx(error, rel=1e-9)


def test_single_rows_without_noise_in_the_registry_give_the_textbook_error() -> None:
    rng = np.random.default_rng(2)
    y, one = rng.normal(size=25), np.ones((25, 1))
    registry = Sample(X=one, y=np.zeros(25), codes=np.arange(25))
    found = expected_beside_observed(Sample(X=one, y=y, codes=np.arange(25)), registry)
    assert found.std_errors[2] == pytest.approx(y.std(ddof=1) / 5, rel=1e-12)
    assert found.df == pytest.approx(np.full(3, 24.0))


def test_cases_that_are_the_registry_are_as_expected() -> None:
    X, y, codes = _samples(np.random.default_rng(3), 60, 0)
    same = Sample(X=X, y=y, codes=codes)
    found = expected_beside_observed(same, same)
    assert found.means[2] == pytest.approx(0.0, abs=1e-12)
    # CR2 adjusts the two halves of a cluster apart, so a trace of variance is left.
    assert found.std_errors[2] < 0.1 * found.std_errors[0]


def test_a_column_that_says_nothing_new_is_refused() -> None:
    X, y, codes = _samples(np.random.default_rng(4), 40, 100)
    wide = np.column_stack([X, X[:, 1]])
    cases = Sample(X=wide[:40], y=y[:40], codes=codes[:40])
    with pytest.raises(DesignError, match="Column 3"):
        expected_beside_observed(cases, Sample(X=wide[40:], y=y[40:], codes=codes[40:]))


def test_cases_in_one_cluster_are_refused() -> None:
    one = np.ones((3, 1))
    cases = Sample(X=one, y=np.arange(3.0), codes=np.zeros(3, dtype=int))
    with pytest.raises(DesignError, match="one cluster"):
        expected_beside_observed(cases, Sample(X=one, y=np.zeros(3), codes=np.arange(3)))


def test_several_outcomes_at_once_are_each_by_itself() -> None:
    rng = np.random.default_rng(6)
    X, _, codes = _samples(rng, 40, 100)
    Y = rng.normal(size=(140, 3))
    together = expected_outcomes(
        Sample(X=X[:40], y=Y[:40], codes=codes[:40]), Sample(X=X[40:], y=Y[40:], codes=codes[40:])
    )
    for j, found in enumerate(together):
        alone = expected_beside_observed(
            Sample(X=X[:40], y=Y[:40, j], codes=codes[:40]),
            Sample(X=X[40:], y=Y[40:, j], codes=codes[40:]),
        )
        for field in ("means", "std_errors", "df"):
            assert getattr(found, field) == pytest.approx(getattr(alone, field), rel=1e-12)


def test_one_registry_serves_several_outcomes_of_the_cases() -> None:
    rng = np.random.default_rng(7)
    X, y, codes = _samples(rng, 40, 100)
    own = y[:40, None] + np.array([0.0, 2.0])
    registry = Sample(X=X[40:], y=y[40:], codes=codes[40:])
    first, second = expected_outcomes(Sample(X=X[:40], y=own, codes=codes[:40]), registry)
    assert second.means - first.means == pytest.approx([2.0, 0.0, 2.0], abs=1e-12)
    assert second.std_errors == pytest.approx(first.std_errors, rel=1e-10)
