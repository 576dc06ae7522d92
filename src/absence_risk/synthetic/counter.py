"""Counter-based random numbers: a draw depends on what it is for, never on when it is made.

Every draw is U(seed; purpose, pupil, day, lesson), a hash of its own address. The same pupil gets
the same draws in any block, order or number of blocks, and two worlds that differ by ``do=`` share
all randomness (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"). The mixer is
the finaliser of splitmix64 (Steele, Lea & Flood 2014).
"""

from __future__ import annotations

from enum import IntEnum, unique
from typing import TYPE_CHECKING, Any, cast

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "Purpose",
    "lanes",
    "normal",
    "permuted_keys",
    "uniform",
    "uniform_at",
    "uniform_by_lesson",
]

_MASK = (1 << 64) - 1
_SHIFT = np.uint64(12)
_ONE = np.uint64(0x3FF0000000000000)  # the bits of 1.0
_BELOW_ONE = 1 - 2.0**-53
_GOLDEN = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB
_FIRST_KEY = 1_313_000_000
_MOST_KEYS = 87_000_000


@unique
class Purpose(IntEnum):
    """What a draw is for. Numbers are part of the format: never reuse or renumber one."""

    SCHOOL_SIZE = 1
    SCHOOL_EFFECT = 2
    SCHOOL_REPORTING = 3
    SCHOOL = 10
    GRADE = 11
    SEX = 12
    PROPENSITY = 13
    FRAILTY = 14
    FIRST_STAGE = 15
    AVOIDED_LESSON = 16
    ILLNESS = 20
    LEAVE = 21
    STAGE = 30
    DAY_OUT = 31
    SKIP = 32
    LABEL = 40
    AS_ILLNESS = 41
    LATE = 42
    LATE_MINUTES = 43
    CLASS_DAY_UNREPORTED = 44
    CLASS_LESSON_UNREPORTED = 45
    ABSENT_UNREPORTED = 46
    REFERRAL = 50
    REFERRAL_DELAY = 51
    CONSENT_GUARDIAN = 52
    CONSENT_PUPIL = 53
    DECISION_DELAY = 54
    WAITING = 55
    CLOSING = 56
    ENDING = 57
    THETA_BEFORE = 60
    THETA_CHANGE = 61
    ITEM = 62
    RESPONSE_BEFORE = 63
    RESPONSE_AFTER = 64
    MISSING_KIND = 65
    HARM = 70
    LEAVE_FRAILTY = 100
    MUNICIPALITY_EFFECT = 101
    MUNICIPALITY_ILLNESS = 102
    SPECIAL_SCHOOL = 103
    SCHOOL_STATUS = 104
    STATUS = 105
    SPECIAL_SUPPORT = 106
    OUTBREAK = 107
    OUTBREAK_WEEK = 108
    JOINING = 109
    JOINING_WEEK = 110
    LEAVING = 111
    TIMETABLE = 140
    AVOIDED_SUBJECT = 141
    FIRST_RECORD = 142
    CORRECTION_DELAY = 143
    CORRECTION_PAPER = 144
    LATE_RECORD = 145
    LATE_RECORD_DELAY = 146
    LATE_LATER = 147
    LATE_LATER_MINUTES = 148
    ACTION = 180
    ACTION_DELAY = 181
    CERTIFICATE_ASKED = 182
    CERTIFICATE = 183
    RUN_REFERRAL = 184
    PLACES = 190
    QUEUE = 191
    BOOSTER = 200
    BOOSTER_DAY = 201


def _mix_scalar(value: int) -> int:
    """Mix one 64-bit number (splitmix64 finaliser)."""
    value &= _MASK
    value = ((value ^ (value >> 30)) * _MIX_1) & _MASK
    value = ((value ^ (value >> 27)) * _MIX_2) & _MASK
    return value ^ (value >> 31)


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Mix 64-bit numbers in place and return them."""
    scratch = values >> np.uint64(30)
    values ^= scratch
    values *= np.uint64(_MIX_1)
    np.right_shift(values, np.uint64(27), out=scratch)
    values ^= scratch
    values *= np.uint64(_MIX_2)
    np.right_shift(values, np.uint64(31), out=scratch)
    values ^= scratch
    return values


def lanes(seed: int, index: npt.ArrayLike) -> npt.NDArray[np.uint64]:
    """Return one mixed 64-bit lane per pupil (or school, or class), to draw from many times.

    Parameters
    ----------
    seed : int
        Seed of the world, at least 0.
    index : array-like of int
        Global index of the pupil, never its place within a block.

    Returns
    -------
    numpy.ndarray of uint64, same shape
        Lanes for `uniform` and `normal`.
    """
    at = np.asarray(index, dtype=np.uint64)
    start = np.uint64(_mix_scalar(_mix_scalar(seed) + _GOLDEN))
    return _mix(at * np.uint64(_GOLDEN) + start)


def uniform(
    lane: npt.NDArray[np.uint64], purpose: Purpose, day: int = 0, lesson: int = 0
) -> npt.NDArray[np.float64]:
    """Draw uniform numbers in the open interval (0, 1).

    The scalar part of the address is mixed first and then joined with the pupil's lane; adding
    the parts before one mix would make different addresses collide.

    Parameters
    ----------
    lane : numpy.ndarray of uint64
        From `lanes`.
    purpose : Purpose
        What the draw is for.
    day, lesson : int
        School day (or week, or month) and lesson; 0 where they do not matter.

    Returns
    -------
    numpy.ndarray of float64, same shape
        Multiples of 2⁻⁵² plus 2⁻⁵³, so that neither 0 nor 1 occurs.

    Examples
    --------
    >>> both = uniform(lanes(1, [0, 1, 2]), Purpose.GRADE)
    >>> one = uniform(lanes(1, [1]), Purpose.GRADE)
    >>> bool(both[1] == one[0])
    True
    """
    address = _mix_scalar(_mix_scalar(_mix_scalar(int(purpose)) + day) + lesson)
    return _to_unit(_mix(lane ^ np.uint64(address)))


def uniform_by_lesson(
    lane: npt.NDArray[np.uint64], purpose: Purpose, day: int, lessons: int
) -> npt.NDArray[np.float64]:
    """Draw uniform numbers for the first lessons of a day at once.

    Parameters
    ----------
    lane : numpy.ndarray of uint64, shape (n,)
        From `lanes`.
    purpose : Purpose
        What the draw is for.
    day : int
        School day (or weekday).
    lessons : int
        Number of lessons.

    Returns
    -------
    numpy.ndarray of float64, shape (lessons, n)
        Row ℓ equals ``uniform(lane, purpose, day, ℓ)``.
    """
    start = _mix_scalar(_mix_scalar(int(purpose)) + day)
    address = np.array([_mix_scalar(start + k) for k in range(lessons)], dtype=np.uint64)
    return _to_unit(_mix(lane ^ address[:, None]))


def uniform_at(
    lane: npt.NDArray[np.uint64], purpose: Purpose, day: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Draw uniform numbers for pairs of a pupil and a day.

    Parameters
    ----------
    lane : numpy.ndarray of uint64, shape (n,)
        From `lanes`; pupils may occur more than once.
    purpose : Purpose
        What the draw is for.
    day : numpy.ndarray of int64, shape (n,)
        School day of each draw, at least 0.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        Element i equals ``uniform(lane[i], purpose, day[i])``.

    Examples
    --------
    >>> lane = lanes(1, [4, 7])
    >>> found = uniform_at(lane, Purpose.LABEL, np.array([3, 5]))
    >>> bool(found[1] == uniform(lane[1:], Purpose.LABEL, 5)[0])
    True
    """
    start = _mix_scalar(int(purpose))
    days = range(int(day.max(initial=-1)) + 1)
    address = np.array([_mix_scalar(_mix_scalar(start + k)) for k in days], dtype=np.uint64)
    return _to_unit(_mix(lane ^ address[day]))


def _to_unit(bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
    """Return (k + ½) · 2⁻⁵² for the upper 52 bits k, written over the bits.

    The 52 bits become the fraction of a number in [1, 2); taking 1 − 2⁻⁵³ off is exact.
    """
    bits >>= _SHIFT
    bits |= _ONE
    out = bits.view(np.float64)
    out -= _BELOW_ONE
    return out


def normal(
    lane: npt.NDArray[np.uint64], purpose: Purpose, day: int = 0, lesson: int = 0
) -> npt.NDArray[np.float64]:
    """Draw standard normal numbers by the inverse distribution function.

    Parameters
    ----------
    lane : numpy.ndarray of uint64
        From `lanes`.
    purpose : Purpose
        What the draw is for.
    day, lesson : int
        School day and lesson; 0 where they do not matter.

    Returns
    -------
    numpy.ndarray of float64, same shape
        Φ⁻¹(U).
    """
    from scipy.special import ndtri  # noqa: PLC0415 - keeps the import of the package quick

    return cast("npt.NDArray[np.float64]", ndtri(uniform(lane, purpose, day, lesson)))


def permuted_keys(seed: int, domain: str, index: npt.ArrayLike) -> npt.NDArray[np.uint32]:
    """Return distinct pseudonyms that say nothing about the order of the index.

    A keyed permutation of 32 bits is walked until it lands on an allowed key, which makes it a
    permutation of the allowed ones. Allowed are numbers of ten digits that cannot be read as a
    national identity number, since no month stands where one of them has its month. Simulated
    pupils need no secrecy, only keys that behave like pseudonyms.

    Parameters
    ----------
    seed : int
        Seed of the world.
    domain : str
        Pseudonym domain: the same index has unrelated keys in different domains.
    index : array-like of int
        Global indices below 87 million.

    Returns
    -------
    numpy.ndarray of uint32, same shape
        Keys of at least 10⁹, all different.

    Raises
    ------
    ValueError
        If an index is negative or too large.

    Examples
    --------
    >>> keys = permuted_keys(1, "pupil", range(1000))
    >>> len(set(keys.tolist())), int(keys.min()) >= 10**9
    (1000, True)
    """
    at = np.asarray(index, dtype=np.int64)
    if at.size and not 0 <= at.min() <= at.max() < _MOST_KEYS:
        raise ValueError(f"index must lie between 0 and {_MOST_KEYS - 1}.")
    state = _mix_scalar(seed)
    for letter in domain.encode():
        state = _mix_scalar(state + letter)
    key = (at + _FIRST_KEY).astype(np.uint32)
    todo = np.ones(key.shape, dtype=bool)
    while todo.any():
        key[todo] = _permute(key[todo], state)
        todo &= ~_allowed(key)
    return key


def _allowed(key: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """Return which keys have ten digits and no month in the digits 2–3 or 3–4."""
    ten = key >= 10**9
    return np.asarray(ten & (key // 10**6 % 100 > 12) & (key // 10**7 % 100 > 12))


def _permute(value: npt.NDArray[np.uint32], state: int) -> npt.NDArray[np.uint32]:
    """Apply a bijection of 32-bit numbers: keyed xor, odd multiplication and xor-shift rounds."""
    out: npt.NDArray[Any] = value.copy()
    for half in (state & 0xFFFFFFFF, state >> 32, _mix_scalar(state) & 0xFFFFFFFF):
        out ^= np.uint32(half)
        out ^= out >> np.uint32(16)
        out *= np.uint32(0x7FEB352D)
        out ^= out >> np.uint32(15)
        out *= np.uint32(0x846CA68B)
        out ^= out >> np.uint32(16)
    return out
