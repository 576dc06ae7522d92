"""Give every identifier of an export its key; only different identifiers leave the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from absence_risk.register.readers.staged import DOMAINS, Desk, Staged

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

__all__ = [
    "Pseudonymiser",
    "find_hidden_respondents",
    "key_joins",
    "key_sql",
    "learn_keys",
    "make_known",
]


class Pseudonymiser(Protocol):
    """Makes keys of identifiers, such as :class:`absence_risk.register.pseudonym.Pseudonyms`."""

    def keys(self, domain: str, identifiers: Sequence[str]) -> npt.NDArray[np.uint32]:
        """Return the key of each identifier.

        Parameters
        ----------
        domain : {"register", "case", "survey"}
            Data domain; one identifier has unrelated keys in different ones.
        identifiers : sequence of str
            Identifiers.

        Returns
        -------
        numpy.ndarray of uint32
            Keys in the same order.
        """
        ...


def learn_keys(desk: Desk, staged: Sequence[Staged], pseudonyms: Pseudonymiser) -> None:
    """Add the identifiers of staged tables that have no key yet to the tables of keys.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    staged : sequence of Staged
        The tables.
    pseudonyms : Pseudonymiser
        Makes the keys.
    """
    for domain in dict.fromkeys(DOMAINS.values()):
        desk.connection.execute(
            f"CREATE TEMP TABLE IF NOT EXISTS strange_{domain} (id VARCHAR, key UINTEGER)"
        )
        places = [
            f"SELECT DISTINCT {name}_text AS id FROM {one.name} "
            f"WHERE NOT skip AND {name}_text IS NOT NULL"
            for one in staged
            for name in sorted(one.columns & set(DOMAINS))
            if DOMAINS[name] == domain
        ]
        if places:
            _add(desk, domain, " UNION ".join(places), pseudonyms)


def _add(desk: Desk, domain: str, found: str, pseudonyms: Pseudonymiser) -> None:
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    con = desk.connection
    con.execute(
        "CREATE OR REPLACE TEMP TABLE new_ids AS "
        f"SELECT row_number() OVER (ORDER BY id) - 1 AS no, id FROM ({found}) "
        f"WHERE id NOT IN (SELECT id FROM strange_{domain})"
    )
    ids = [row[0] for row in con.sql("SELECT id FROM new_ids ORDER BY no").fetchall()]
    if ids:
        keys = np.asarray(pseudonyms.keys(domain, ids), dtype=np.uint32)
        con.register("new_keys", pa.table({"no": np.arange(len(ids)), "key": keys}))
        con.execute(
            f"INSERT INTO strange_{domain} SELECT id, key FROM new_ids JOIN new_keys USING (no)"
        )
        con.unregister("new_keys")
    con.execute("DROP TABLE new_ids")


def make_known(desk: Desk, domain: str = "register") -> None:
    """Let the engine read the identifiers that have keys as small numbers from now on.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    domain : str
        Data domain.
    """
    con = desk.connection
    if con.sql(f"SELECT count(*) FROM strange_{domain}").fetchall()[0][0] == 0:
        return
    con.execute(f"CREATE TYPE ids_{domain} AS ENUM (SELECT id FROM strange_{domain} ORDER BY id)")
    con.execute(
        f"CREATE TEMP TABLE known_{domain} AS SELECT CAST(enum_code(id::ids_{domain}) AS UINTEGER) "
        f"AS no, key FROM strange_{domain}"
    )
    desk.known.add(domain)


def find_hidden_respondents(desk: Desk, pseudonyms: Pseudonymiser) -> None:
    """Make the table ``hidden_respondents`` of survey identifiers of protected pupils.

    Respondents have keys of a domain of their own, so that answers cannot be joined to pupils;
    whether one is protected is found out here, and only that is kept.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    pseudonyms : Pseudonymiser
        Makes the keys.
    """
    import numpy as np  # noqa: PLC0415

    con = desk.connection
    con.execute("CREATE TEMP TABLE hidden_respondents (id VARCHAR)")
    protected = [row[0] for row in con.sql("SELECT key FROM protected").fetchall()]
    ids = [row[0] for row in con.sql("SELECT id FROM strange_survey").fetchall()]
    if protected and ids:
        hidden = np.isin(np.asarray(pseudonyms.keys("register", ids)), protected)
        con.executemany(
            "INSERT INTO hidden_respondents VALUES (?)",
            [[one] for one, is_hidden in zip(ids, hidden, strict=True) if is_hidden] or [[None]],
        )


def key_sql(desk: Desk, name: str) -> str:
    """Return SQL of the key of an identifier column, given the joins of :func:`key_joins`.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    name : str
        ``pupil_key``, ``case_key`` or ``survey_key``.

    Returns
    -------
    str
        SQL.
    """
    if DOMAINS[name] in desk.known:
        return f"coalesce(k_{name}.key, x_{name}.key)"
    return f"x_{name}.key"


def _has_strange(desk: Desk, staged: Staged, name: str) -> bool:
    """Whether a table has identifiers that were not known when it was read."""
    query = f"SELECT 1 FROM {staged.name} WHERE {name}_text IS NOT NULL LIMIT 1"
    return bool(desk.connection.sql(query).fetchall())


def key_joins(desk: Desk, staged: Staged) -> str:
    """Return SQL that joins keys to a staged table with the alias ``s``.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    staged : Staged
        The table.

    Returns
    -------
    str
        SQL.
    """
    joins = ""
    for name in sorted(staged.columns & set(DOMAINS)):
        domain = DOMAINS[name]
        strange = f"strange_{domain}"
        if domain in desk.known:
            joins += f" LEFT JOIN known_{domain} k_{name} ON k_{name}.no = s.{name}_no"
            if not _has_strange(desk, staged, name):
                strange = f"(SELECT * FROM {strange} WHERE FALSE)"
        joins += f" LEFT JOIN {strange} x_{name} ON x_{name}.id = s.{name}_text"
    return joins
