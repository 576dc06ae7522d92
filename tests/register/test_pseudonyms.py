"""Keys are stable, different, bound to project and domain, and tell nothing of the secret."""

from __future__ import annotations

import copy
import pickle
import traceback

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from absence_risk.register import pseudonym
from absence_risk.register.key_file import new_key_file
from absence_risk.register.pseudonym import DOMAINS, FIRST_KEY, Pseudonyms


@pytest.fixture
def path(tmp_path):
    return new_key_file(tmp_path / "project.key")


@pytest.fixture
def made(path):
    return Pseudonyms.from_file(path, project="test")


def names(n):
    return [f"pupil {i}" for i in range(n)]


def test_keys_are_different_and_in_the_range_that_a_scan_looks_for(made):
    keys = made.keys("register", names(5000))
    assert keys.dtype == np.uint32
    assert len(set(keys.tolist())) == 5000
    assert keys.min() >= FIRST_KEY
    # 5,000 uniform draws: a half of the range is met 2,500 times, standard error 35.
    assert abs(int((keys > FIRST_KEY + (2**32 - FIRST_KEY) // 2).sum()) - 2500) < 5 * 35


def test_the_same_secret_project_and_domain_give_the_same_keys(path, made):
    again = Pseudonyms.from_file(path, project=" test ")
    shuffled = names(300)[::-1]
    assert again.keys("register", shuffled)[::-1].tolist() == (
        made.keys("register", names(300)).tolist()
    )


def test_domains_projects_and_secrets_give_unrelated_keys(path, made, tmp_path):
    other = Pseudonyms.from_file(new_key_file(tmp_path / "other.key"), project="test")
    renamed = Pseudonyms.from_file(path, project="test 2")
    found = [made.keys(domain, names(200)) for domain in DOMAINS]
    found += [other.keys("register", names(200)), renamed.keys("register", names(200))]
    assert len({key for keys in found for key in keys.tolist()}) == 5 * 200


def test_repeated_identifiers_get_one_key_within_and_across_calls(made):
    keys = made.keys("register", ["a", "b", "a"])
    assert keys[0] == keys[2] != keys[1]
    assert made.keys("register", ["c", "b"])[1] == keys[1]


COLUMNS = {
    "list": list,
    "numpy": np.array,
    "numpy objects": lambda x: np.array(x, dtype=object),
    "pandas": pd.Series,
    "pandas categories": pd.Categorical,
    "arrow": pa.array,
    "arrow dictionary": lambda x: pa.array(x).dictionary_encode(),
    "arrow chunks": lambda x: pa.chunked_array([x[:3], x[3:]]),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_all_kinds_of_columns_give_the_same_keys(made, kind):
    column = COLUMNS[kind](names(7))
    assert made.keys("case", column).tolist() == made.keys("case", names(7)).tolist()


def test_whole_numbers_are_read_as_their_digits(made):
    assert made.keys("case", np.array([7, 12])).tolist() == made.keys("case", ["7", "12"]).tolist()


def test_no_identifiers_no_keys(made):
    assert made.keys("register", []).shape == (0,)


def small_space(monkeypatch, n):
    monkeypatch.setattr(pseudonym, "_N_KEYS", n)


def test_meeting_keys_are_resolved_alike_for_every_order_of_rows(path, monkeypatch):
    small_space(monkeypatch, 1000)
    rng = np.random.default_rng(1)
    base, *others = [Pseudonyms.from_file(path, project="p") for _ in range(6)]
    keys = dict(zip(names(900), base.keys("register", names(900)).tolist(), strict=True))
    assert len(set(keys.values())) == 900
    # 900 in 1,000: the first choices are 1000 (1 - e^-0.9) = 593 different ones, sd about 12.
    assert abs(base.n_moved("register") - (900 - 593)) < 5 * 12
    for other in others:
        mixed = [names(900)[i] for i in rng.permutation(900)]
        assert other.keys("register", mixed).tolist() == [keys[name] for name in mixed]


def test_who_came_first_keeps_the_key_when_pupils_are_added(path, monkeypatch):
    small_space(monkeypatch, 1000)
    made = Pseudonyms.from_file(path, project="p")
    first = made.keys("register", names(400))
    later = made.keys("register", names(800))
    assert later[:400].tolist() == first.tolist()
    assert len(set(later.tolist())) == 800
    # Another object that sees both deliveries in the same calls agrees.
    again = Pseudonyms.from_file(path, project="p")
    again.keys("register", names(400))
    assert again.keys("register", names(800)).tolist() == later.tolist()


def test_a_million_first_choices_meet_as_often_as_chance_has_it(path):
    made = Pseudonyms.from_file(path, project="p")
    n = 200_000
    keys = made.keys("register", np.arange(n))
    assert len(np.unique(keys)) == n
    # n² / (2 × 4.03e9) = 5.0 pairs, Poisson: more than 17 has a chance of 5e-6.
    assert made.n_moved("register") <= 17
    assert made.n_moved("case") == 0


@pytest.mark.parametrize(
    ("identifiers", "says"),
    [
        (["a", None, "b", None], "2 identifiers are missing, the first at position 1"),
        (["a", " \u00a0\t"], "1 identifiers are missing, the first at position 1"),
        ([1.5, 2.0], "numbers with decimals"),
        ([b"x"], "not all text"),
        (["hemlig", 3], "not all text"),
        (["hemlig", "\udc80"], "not all text"),
        ([["hemlig"]], "not all text"),
        ([{"hemlig": 1}], "not all text"),
        (["hemlig", object()], "not all text"),
    ],
)
def test_what_is_no_identifier_is_refused_without_being_shown(made, identifiers, says):
    with pytest.raises(ValueError, match=says) as error:
        made.keys("register", identifiers)
    assert error.value.__cause__ is None
    assert error.value.__context__ is None
    assert "hemlig" not in "".join(traceback.format_exception(error.value))


def test_an_unknown_domain_is_refused(made):
    with pytest.raises(ValueError, match="register"):
        made.keys("registers", ["a"])
    with pytest.raises(ValueError, match="domain"):
        made.n_moved("x")


@pytest.mark.parametrize("project", ["", "  ", None, 3])
def test_a_project_needs_a_name(path, project):
    with pytest.raises(ValueError, match="project"):
        Pseudonyms.from_file(path, project=project)


def test_the_secret_is_in_nothing_that_is_shown_or_stored(path, made):
    secret = path.read_text(encoding="ascii").split()[-1]
    made.keys("register", names(3))
    raw = bytes.fromhex(secret)
    shown = [repr(made), str(made), f"{made!r:>9}", repr(dir(made)), repr(type(made).__dict__)]
    for text in shown:
        assert secret not in text
        assert repr(raw) not in text
    assert not hasattr(made, "__dict__")
    for keep in (pickle.dumps, copy.copy, copy.deepcopy, lambda x: x.__getstate__()):
        with pytest.raises(TypeError, match="neither copied nor stored"):
            keep(made)
    with pytest.raises(TypeError, match="from_file"):
        Pseudonyms()


def test_no_traceback_with_local_names_holds_the_secret(path, made, monkeypatch):
    def fail(*_args, **_kwargs):
        raise MemoryError

    monkeypatch.setattr(pseudonym, "_given_out", fail)
    with pytest.raises(MemoryError) as error:
        made.keys("register", names(3))
    shown = "".join(
        traceback.TracebackException.from_exception(error.value, capture_locals=True).format()
    )
    assert "Pseudonyms(project='test')" in shown
    raw = bytes.fromhex(path.read_text(encoding="ascii").split()[-1])
    assert repr(raw) not in shown
    assert raw.hex() not in shown


@given(st.lists(st.text(alphabet="ab1-+ å\u00a0", min_size=1), min_size=1, max_size=30))
def test_keys_are_equal_exactly_where_written_forms_are(tmp_path_factory, texts):
    from absence_risk.register.written_forms import written_forms

    path = new_key_file(tmp_path_factory.mktemp("keys") / "project.key")
    forms = written_forms(pa.array(texts, pa.string())).to_pylist()
    known = [text for text, form in zip(texts, forms, strict=True) if form]
    kept = [form for form in forms if form]
    keys = Pseudonyms.from_file(path, project="p").keys("register", known).tolist()
    assert len(set(zip(kept, keys, strict=True))) == len(set(kept)) == len(set(keys))
