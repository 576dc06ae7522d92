"""Pseudonyms: identifiers become keys that nobody can undo or compare without the secret."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from absence_risk import check
from absence_risk.register.key_file import read_key_file
from absence_risk.register.written_forms import written_forms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt
    import pyarrow as pa

__all__ = ["DOMAINS", "FIRST_KEY", "Pseudonyms"]

DOMAINS = ("register", "case", "survey")
"""Data domains; one identifier has unrelated keys in different ones."""

FIRST_KEY = 2**28
"""Smallest key: a number of nine or ten digits stands out when an output is searched for keys."""

_N_KEYS = 2**32 - FIRST_KEY


@dataclass(eq=False)
class _Given:
    """Keys given out in a domain: digests in ascending order of the first half, and their keys."""

    digests: npt.NDArray[np.uint64]
    keys: npt.NDArray[np.uint32]
    n_moved: int = 0


class Pseudonyms:
    """Turns identifiers into keys with a secret of the project.

    A key is the keyed BLAKE2b hash (RFC 7693) of the identifier, reduced to a whole number in
    [2**28, 2**32). The hash key is derived from the project's secret, the project's name and the
    data domain, so that keys of two projects, or of a pupil's register and survey answers, cannot
    be joined. There is no way to work without a secret: unkeyed hashes of one year of national
    identity numbers are undone in under a second.

    **Keys that meet.** Among n identifiers about n²/8e9 pairs have the same first choice of a key:
    0.02 for 12,000 pupils, 124 for a million. Different identifiers never get one key from one
    object: whoever came in an earlier call keeps the key, within a call the identifier with the
    lower hash takes it, and the other moves to a next choice that its hash fixes. Hence the keys
    of a delivery do not depend on the order of its rows. But when a later delivery adds pupils,
    and is given to a new object, an added pupil may take the key of an old one who then moves:
    with 12,000 old and 1,000 new pupils the chance that this happens to anybody is 0.3 %. Where
    deliveries are to be joined by key, give the identifiers of the earlier ones first, in the
    same calls, to the same object; ``n_moved`` says whether it matters.

    Made by :meth:`from_file`; copies and pickles are refused, because they would hold the secret.
    One object is not for use by several threads at once.
    """

    __slots__ = ("__given", "__secret", "project")

    __given: dict[str, _Given]
    __secret: bytes
    project: str

    def __init__(self) -> None:
        """Refuse: there are no pseudonyms without a key file."""
        raise TypeError("Make pseudonyms with Pseudonyms.from_file(path, project=...).")

    @classmethod
    def from_file(cls, path: str | Path, *, project: str) -> Pseudonyms:
        """Read the secret of a project.

        Parameters
        ----------
        path : str or Path
            Key file, made by :func:`absence_risk.register.key_file.new_key_file`.
        project : str
            Name of the project; another name gives other keys.

        Returns
        -------
        Pseudonyms
            Ready to give out keys.

        Raises
        ------
        KeyFileError
            If the file is missing, open to others, in a git repository, or holds no random key.
        ValueError
            If the project has no name.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> from absence_risk.register.key_file import new_key_file
        >>> path = new_key_file(Path(tempfile.mkdtemp()) / "project.key")
        >>> Pseudonyms.from_file(path, project="attendance 2026")
        Pseudonyms(project='attendance 2026')
        """
        if not isinstance(project, str) or not project.strip():
            raise ValueError("project must be a name, got nothing. Write the project's name.")
        made = object.__new__(cls)
        made.project = project.strip()
        made.__secret = read_key_file(path)
        made.__given = {}
        return made

    def keys(self, domain: str, identifiers: Sequence[str] | pa.Array) -> npt.NDArray[np.uint32]:
        """Return one key for each identifier.

        Spellings of one identifier get one key: blanks around it, case, and, for national
        identity numbers with a right checksum, separators and century do not count; see
        :mod:`absence_risk.register.written_forms`.

        Parameters
        ----------
        domain : {"register", "case", "survey"}
            Data domain: pupils, cases of the team, respondents of a survey.
        identifiers : sequence of str, numpy.ndarray or pyarrow.Array, length n
            Identifiers, none missing or blank. Whole numbers are read as their decimal digits.

        Returns
        -------
        numpy.ndarray of uint32, shape (n,)
            Keys from 2**28 to 2**32 - 1; equal exactly where identifiers are.

        Raises
        ------
        ValueError
            If the domain is unknown, or identifiers are missing, blank or neither text nor whole
            numbers. The message gives their number and first place, never a value.
        """
        check.choice(domain, DOMAINS, "domain")
        forms = written_forms(_texts(identifiers)).dictionary_encode()
        _refuse_blank(forms)
        given = self.__given.get(
            domain, _Given(np.empty((0, 2), np.uint64), np.empty(0, np.uint32))
        )
        digests = self._digests(domain, forms.dictionary)
        of_form, self.__given[domain] = _given_out(given, digests)
        found: npt.NDArray[np.uint32] = of_form[forms.indices.to_numpy()]
        return found

    def n_moved(self, domain: str) -> int:
        """Return how many identifiers did not get their first choice of a key.

        Parameters
        ----------
        domain : {"register", "case", "survey"}
            Data domain.

        Returns
        -------
        int
            Their number since this object was made. While it is 0, every key is the one that any
            other delivery gives to the same identifier, unless an added identifier meets it there.
        """
        check.choice(domain, DOMAINS, "domain")
        return self.__given[domain].n_moved if domain in self.__given else 0

    def _digests(self, domain: str, forms: pa.Array) -> npt.NDArray[np.uint64]:
        """Return 128 bits of keyed hash of each form."""
        import pyarrow as pa  # noqa: PLC0415

        purpose = f"absence_risk pseudonyms 1\0{domain}\0{self.project}".encode()
        # No key in a local name: a traceback that prints locals would show it.
        start = hashlib.blake2b(
            key=hashlib.blake2b(purpose, key=self.__secret, digest_size=32).digest(),
            digest_size=16,
        )
        packed = bytearray()
        for form in forms.cast(pa.binary()).to_pylist():
            one = start.copy()
            one.update(form)
            packed += one.digest()
        return np.frombuffer(bytes(packed), dtype="<u8").reshape(-1, 2).astype(np.uint64)

    def __repr__(self) -> str:
        """Return the project's name and nothing secret."""
        return f"Pseudonyms(project={self.project!r})"

    def __reduce_ex__(self, _protocol: Any) -> NoReturn:
        """Refuse copies and pickles."""
        raise TypeError("Pseudonyms hold a secret and are neither copied nor stored.")

    def __getstate__(self) -> NoReturn:
        """Refuse to hand out the secret."""
        raise TypeError("Pseudonyms hold a secret and are neither copied nor stored.")


def _texts(identifiers: Any) -> pa.Array:
    """Return identifiers as an arrow array of text; what does not fit is counted, not shown."""
    import pyarrow as pa  # noqa: PLC0415

    fault = ""
    try:
        array = identifiers if isinstance(identifiers, pa.Array | pa.ChunkedArray) else None
        if array is None:
            array = pa.array(identifiers, from_pandas=True)
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if not (_is_text(array.type) or pa.types.is_integer(array.type) or not len(array)):
            is_number = pa.types.is_floating(array.type)
            fault = "are numbers with decimals" if is_number else "are not all text"
        texts = array.cast(pa.string())
    except (pa.ArrowException, UnicodeError, TypeError, ValueError, OverflowError):
        fault = "are not all text"
    # Raised outside the handler, so that no chained message can quote an identifier.
    if fault:
        raise ValueError(f"Identifiers must be text or whole numbers; these {fault}.")
    return texts


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa  # noqa: PLC0415

    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _refuse_blank(forms: pa.DictionaryArray) -> None:
    import pyarrow.compute as pc  # noqa: PLC0415

    blank = pc.equal(forms.dictionary, "").to_numpy(zero_copy_only=False)
    at = forms.indices.fill_null(-1).to_numpy()
    missing = (at < 0) | np.append(blank, False)[at]
    if missing.any():
        raise ValueError(
            f"{int(missing.sum())} identifiers are missing, the first at position "
            f"{int(missing.argmax())} (counted from 0). Leave those rows out or find out who "
            f"they are of."
        )


def _given_out(
    given: _Given, digests: npt.NDArray[np.uint64]
) -> tuple[npt.NDArray[np.uint32], _Given]:
    """Return the keys of digests, old or new, and all keys given out so far."""
    keys, is_new = _known(given, digests)
    new = digests[is_new]
    if not len(new):
        return keys, given
    order = _ascending(new)
    chosen, n_moved = _chosen(new[order], given.keys)
    fresh = np.empty(len(new), np.uint32)
    fresh[order] = chosen
    keys[is_new] = fresh
    every, every_key = np.concatenate([given.digests, new]), np.concatenate([given.keys, fresh])
    rank = _ascending(every)
    return keys, _Given(every[rank], every_key[rank], given.n_moved + n_moved)


def _ascending(digests: npt.NDArray[np.uint64]) -> npt.NDArray[np.intp]:
    order = np.argsort(digests[:, 0])
    ranked = digests[order, 0]
    if (ranked[1:] == ranked[:-1]).any():
        return np.lexsort((digests[:, 1], digests[:, 0]))
    return order


def _known(
    given: _Given, digests: npt.NDArray[np.uint64]
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.bool_]]:
    """Return keys of digests seen before, and which are new.

    Two of a million identifiers share the first 64 bits with a chance of 3e-8, all 128 never.
    """
    keys = np.zeros(len(digests), np.uint32)
    if not len(given.keys):
        return keys, np.ones(len(digests), dtype=bool)
    at = np.searchsorted(given.digests[:, 0], digests[:, 0])
    at = np.minimum(at, len(given.keys) - 1)
    same = (given.digests[at] == digests).all(axis=1)
    keys[same] = given.keys[at[same]]
    return keys, ~same


def _chosen(
    digests: npt.NDArray[np.uint64], taken: npt.NDArray[np.uint32]
) -> tuple[npt.NDArray[np.uint32], int]:
    """Return a free key for each of different digests, given in ascending order."""
    keys = np.zeros(len(digests), np.uint32)
    left = np.arange(len(digests))
    taken = np.sort(taken)
    n_moved = attempt = 0
    while len(left):
        # Double hashing: the second half of a digest fixes the way through the other choices.
        step = digests[left, 1] | np.uint64(1)
        choice = digests[left, 0] + np.uint64(attempt) * step
        choice = (choice % np.uint64(_N_KEYS) + np.uint64(FIRST_KEY)).astype(np.uint32)
        order = np.argsort(choice, kind="stable")
        ranked = choice[order]
        free = np.append(True, ranked[1:] != ranked[:-1]) & ~_among(ranked, taken)
        keys[left[order[free]]] = ranked[free]
        taken = np.sort(np.concatenate([taken, ranked[free]]))
        left = np.sort(left[order[~free]])
        attempt += 1
        n_moved += len(left) if attempt == 1 else 0
    return keys, n_moved


def _among(
    values: npt.NDArray[np.uint32], ascending: npt.NDArray[np.uint32]
) -> npt.NDArray[np.bool_]:
    if not len(ascending):
        return np.zeros(len(values), dtype=bool)
    at = np.minimum(np.searchsorted(ascending, values), len(ascending) - 1)
    found: npt.NDArray[np.bool_] = ascending[at] == values
    return found
