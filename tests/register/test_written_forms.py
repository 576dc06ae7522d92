"""Spellings of one identifier come together; doubtful ones stay apart. Numbers are made here."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from absence_risk.register.national_numbers import digit_table, is_norwegian, is_swedish
from absence_risk.register.written_forms import written_forms


def forms(*texts):
    return written_forms(pa.array(texts, pa.string())).to_pylist()


def checked(nine):
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(nine))
    return nine + str(-total % 10)


def norwegian(nine):
    first, second = (3, 7, 6, 1, 8, 9, 4, 5, 2), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    one = -sum(w * int(d) for w, d in zip(first, nine, strict=True)) % 11
    two = -sum(w * int(d) for w, d in zip(second, f"{nine}{one}", strict=False)) % 11
    return f"{nine}{one}{two}" if one < 10 and two < 10 else None


YOUNG = checked("090412" + "123")
COORDINATION = checked("090472" + "123")
OLD = checked("450412" + "123")


@pytest.mark.parametrize("ten", [YOUNG, COORDINATION])
def test_all_spellings_of_a_swedish_number_are_one(ten):
    date, serial = ten[:6], ten[6:]
    spelled = [ten, f"{date}-{serial}", f"20{ten}", f"20{date}-{serial}", f" {date}\u2013{serial} "]
    assert set(forms(*spelled)) == {f"20{ten}"}


def test_the_century_follows_year_and_sign():
    date, serial = OLD[:6], OLD[6:]
    assert forms(OLD, f"{date}-{serial}", f"{date}+{serial}") == [
        f"19{OLD}",
        f"19{OLD}",
        f"18{OLD}",
    ]
    date, serial = YOUNG[:6], YOUNG[6:]
    assert forms(f"{date}+{serial}", f"19{date}+{serial}") == [f"19{YOUNG}"] * 2
    assert forms(f"{date}-{serial}") != forms(f"{date}+{serial}")


def test_a_wrong_checksum_gets_no_century():
    wrong = YOUNG[:9] + str((int(YOUNG[9]) + 1) % 10)
    assert forms(wrong, f"20{wrong}") == [wrong, f"20{wrong}"]
    assert forms(f"20{wrong[:6]}-{wrong[6:]}") == [f"20{wrong[:6]}-{wrong[6:]}"]


def test_a_danish_number_loses_its_separator_only():
    rng = np.random.default_rng(1)
    for _ in range(200):
        date = f"{rng.integers(13, 32):02d}{rng.integers(1, 13):02d}{rng.integers(40, 60):02d}"
        serial = f"{rng.integers(0, 10000):04d}"
        assert set(forms(f"{date}-{serial}", date + serial, f"{date} {serial}")) == {date + serial}


def test_a_norwegian_number_loses_its_separator_where_both_checksums_are_right():
    rng = np.random.default_rng(2)
    made = [norwegian(f"{d:02d}0412{rng.integers(100, 999)}") for d in range(1, 29)]
    right = [number for number in made if number]
    assert len(right) > 10
    for number in right:
        assert set(forms(number, f"{number[:6]} {number[6:]}", f"{number[:6]}-{number[6:]}")) == {
            number
        }
    wrong = right[0][:10] + str((int(right[0][10]) + 1) % 10)
    assert forms(f"{wrong[:6]} {wrong[6:]}") == [f"{wrong[:6]} {wrong[6:]}"]


def test_a_finnish_number_keeps_its_sign():
    assert forms("010203a002x", "010203A002X") == ["010203A002X"] * 2
    assert len(set(forms("010203A002X", "010203B002X", "010203-002X", "010203+002X"))) == 4


def test_other_identifiers_lose_blanks_and_case_only():
    texts = ["00123", "123", "A-1", "a 1", "7F3B", "12345678", "1234567890123", "991399-1234"]
    assert forms(*texts) == [text.upper() for text in texts]
    assert forms("\ufeffabc\u200b", "\u00e5", "a\u030a") == ["ABC", "\u00c5", "\u00c5"]


def test_an_absent_identifier_stays_absent():
    assert forms(None, "a") == [None, "A"]
    assert forms() == []


@given(st.lists(st.text(alphabet="0123456789-+ ", max_size=14), max_size=40))
def test_nothing_but_separators_and_a_century_ever_changes(texts):
    for text, form in zip(texts, forms(*texts), strict=True):
        digits = "".join(d for d in text if d.isdigit())
        assert form in (text.strip(), digits, *(f"{c}{digits}" for c in (18, 19, 20)))


def test_checksums_agree_with_the_hand_made_numbers():
    made = [checked(f"{y:02d}0615{s:03d}") for y in range(50) for s in range(0, 999, 37)]
    assert is_swedish(digit_table(made, 10)).all()
    off = [n[:9] + str((int(n[9]) + 1) % 10) for n in made]
    assert not is_swedish(digit_table(off, 10)).any()
    d_numbers = [norwegian(f"{day + 40:02d}0412{s}") for day in range(1, 31) for s in (100, 555)]
    assert is_norwegian(digit_table([n for n in d_numbers if n], 11)).all()
