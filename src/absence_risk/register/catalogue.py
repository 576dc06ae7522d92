"""The catalogue of validation rules: every code a problem can carry, and what it means."""

from __future__ import annotations

__all__ = ["RULES", "rule"]

RULES: dict[str, str] = {
    "E001": "the path is no register",
    "E002": "a required table is missing",
    "E003": "a table has more than one file",
    "E004": "a file or table has no rows",
    "E005": "a file cannot be read (cut short, mixed line endings, or not what its name says)",
    "E006": "a mapping file says something that cannot be done",
    "E100": "rows cannot be read as the columns of a register",
    "E101": "a required column is missing",
    "E102": "two columns have one name",
    "E103": "a column or value has the wrong type",
    "E104": "a required value is missing",
    "E105": "a line has the wrong number of columns",
    "E106": "a line is no JSON object",
    "E110": "a date is not written YYYY-MM-DD",
    "E111": "text is not utf-8",
    "E112": "the decimal sign or the unit (hours, minutes) of a column is not declared",
    "E113": "a value is not in the closed list",
    "E114": "a number lies outside its range",
    "E201": "more than one current row for a pupil, date and slot",
    "E202": "minutes exceed the scheduled minutes",
    "E203": "minutes are negative",
    "E204": "a reason code is unknown",
    "E205": "a date is outside the school's calendar or the pupil's enrolment",
    "E206": "a pupil is enrolled at two schools on a day with rows",
    "E207": "absence minutes on a cancelled lesson",
    "E208": "parts of a reported row do not add up to the scheduled minutes",
    "E209": "absence minutes with a reason that is not absence",
    "E210": "minutes are given although nothing was reported",
    "E211": "a reported row has no absence minutes, not even 0",
    "E212": "day records and lesson records of one pupil-day are mixed",
    "E301": "a key has no match in the table it points to",
    "E302": "dates of a case are not in the order of its stages",
    "E303": "closing date and closing reason do not go together",
    "E304": "enrolment spells of a pupil overlap",
    "E305": "a key occurs more than once",
    "E401": "a response lies outside the range of its instrument",
    "E402": "a survey wave is unknown",
    "E403": "a response and the reason for its absence do not go together",
    "W204": "words that a mapping does not list",
    "W302": "dates of a case are not in the order that the mapping declares",
    "W501": "less than 90 % of a school-month was reported",
    "W502": "a school-month has no absence at all",
    "W503": "the valid share of absence jumps to another level",
    "W504": "a school-month has fewer than 10 school days",
    "W505": "much of the valid absence was made valid automatically",
    "W506": "unreported lessons may have arrived as present",
    "W507": "late arrival counts as invalid absence in the source",
    "W508": "some school-months list offered lessons, others reported lessons only",
    "W509": "rows were replaced later without a time of recording",
    "W510": "absence is still unexplained more than 30 days later",
    "W511": "a pupil joins or leaves within the period",
    "W512": "a case has no 40 school days before the month that selected the pupil",
    "W903": "pupils with protected identity are excluded",
    "P901": "a column looks like a national identity number",
    "P902": "a column looks like free text",
    "P904": "a column looks like a full date of birth",
}


def rule(code: str) -> str:
    """Return what a code means.

    Parameters
    ----------
    code : str
        Code of a problem.

    Returns
    -------
    str
        The rule that is broken, in words.

    Raises
    ------
    KeyError
        If there is no such code.

    Examples
    --------
    >>> rule("E203")
    'minutes are negative'
    """
    return RULES[code]
