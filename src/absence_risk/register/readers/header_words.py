"""Words that headers and cells of school exports use in Swedish, Finnish, Danish and English.

Patterns are searched in lower-case text; the first field that fits takes the column. None of them
decides anything: they fill a draft that a person checks.
"""

from __future__ import annotations

import re

__all__ = [
    "FIELD_WORDS",
    "NO_WORDS",
    "SUMMARY_WORDS",
    "TABLE_NEEDS",
    "YES_WORDS",
    "field_of",
    "label_axes",
]

_PUPIL = r"elev|pupil|student|oppilas|oppija|person(nummer|nr|id)|^pnr|hetu|cpr|unilogin|\bupn\b"
_DATE = r"^dat|dato|^date|päivä|pvm|^dag$"
_SLOT = r"lektion(?!sl)|lesson|(oppi)?tunti(?!a)|^pass|period|modul|session|^time$"
_SCHOOL = (
    r"skola|skole(?!dag)|skolenhet|institution|koulu(?!muoto|päivä)|oppilaitos|"
    r"school(?!.?(day|type))"
)

FIELD_WORDS: dict[str, tuple[tuple[str, str], ...]] = {
    "pupils": (
        ("protected", r"skydd|sekretess|turvakielto|beskyt|protect|secre"),
        ("school_type", r"skolform|skoletype|koulumuoto|school.?type"),
        ("birth_year", r"född|fødsel|föd|syntym|birth|\bdob\b"),
        ("pupil_key", _PUPIL),
        ("grade", r"årskurs|årgang|klassetrin|vuosiluokka|luokka-aste|grade|year.?group|årskull"),
        ("class_key", r"klass|luokka|^class|form"),
        ("group_key", r"grupp|\bhold|ryhmä|group"),
        ("school_key", _SCHOOL),
        ("sex", r"^kön|^køn|sukupuoli|^sex|gender"),
        ("entry", r"start|från|inskriv|alku|alkaa|indmeld|entry|begin|enrol"),
        ("exit", r"slut|utskriv|avslut|loppu|päätty|udmeld|exit|^end|left"),
        ("sen", r"särskilt stöd|tehostettu|erityinen|støtte|\bsen\b"),
    ),
    "timetable": (
        ("cancelled", r"inställ|aflyst|peru(tettu|ttu|nut)|cancel"),
        ("is_reported", r"rapport|raportoi|report|registreret$"),
        ("scheduled_min", r"minut|längd|kesto|varighed|duration|length|tim(mar|er)|hours"),
        ("subject_code", r"ämne|kurs|\bfag|aine|subject|course"),
        ("class_key", r"klass|luokka|^class"),
        ("group_key", r"grupp|\bhold|ryhmä|group"),
        ("date", _DATE),
        ("slot", _SLOT),
        ("school_key", _SCHOOL),
    ),
    "registers": (
        ("recorded_at", r"registrer|kirjattu|tallennet|recorded|created|timestamp|tidpunkt"),
        (
            "valid_min",
            r"^(giltig|lovlig|luvallinen|authorised|valid).*(min|tim|frånvaro|fravær|poissa)",
        ),
        (
            "invalid_min",
            r"^(ogiltig|ulovlig|luvaton|unauthori|invalid).*(min|tim|frånvaro|fravær|po)",
        ),
        ("late_min", r"(\bsen|forsink|myöhä|\blate).*(min)"),
        ("present_min", r"(närvar|fremmøde|läsnä|present|attend).*(min|tim)"),
        ("scheduled_min", r"(schema|planla|suunnit|schedul|lektionsl|offered|erbjud).*"),
        ("reason", r"orsak|anledning|årsag|\bsyy|peruste|reason|selite"),
        (
            "kind",
            r"typ|^kod|laji|merkintä|tyyppi|type|code|mark|status|kategori|fravær(skode|stype)",
        ),
        ("absent_min", r"(frånvaro|fravær|poissa|absen).*(min|tim|tid|tun|hours)|^(minut|min$)"),
        ("is_reported", r"rapporterad|raportoitu|is.?reported"),
        ("cancelled", r"inställ|aflyst|peru(tettu|ttu|nut)|cancel"),
        ("subject_code", r"ämne|kurs|\bfag|aine|subject|course"),
        ("group_key", r"grupp|\bhold|ryhmä|group"),
        ("pupil_key", _PUPIL),
        ("date", _DATE),
        ("slot", _SLOT),
    ),
    "cases": (
        ("closure_reason", r"(avslut|afslut|päätt|clos|slut).*(orsak|årsag|syy|reason|anledning)"),
        ("case_key", r"ärende(nr|nummer|.?id)|sagsn|sagsid|asian?(numero|tunnus)|case.?(id|n|key)"),
        ("referred", r"ansök|anmäl|remiss|hakemus|lähete|henvis|referr|applic"),
        ("accepted", r"bevilj|accept|visiter|hyväks"),
        ("detected", r"upptäck|havait|opdag|detect"),
        ("started", r"uppstart|opstart|start|aloit|begin"),
        ("checked", r"kartlägg|kortlæg|kartoit|mapping|assess"),
        ("closed", r"avslut|afslut|päätt|clos|slut"),
        ("pupil_key", _PUPIL),
    ),
    "surveys": (
        ("wave", r"tillfälle|mätning|omgång|måling|mittaus|kerta|wave|occasion|runda"),
        ("instrument_id", r"instrument|mittari|skala|formulär|skema"),
        ("item_id", r"^fråga$|^item|spørgsmål$|kysymys$|question$"),
        ("response", r"^svar|vastaus|response|answer"),
        ("survey_key", _PUPIL + r"|respondent|vastaaja"),
    ),
    "calendar": (
        ("offered", r"skoldag|skoledag|koulupäivä|school.?day|offered|öppet"),
        ("term", r"termin|lukukausi|halvår|^term"),
        ("school_key", _SCHOOL),
        ("date", _DATE),
    ),
    "schools": (
        ("municipality_key", r"kommun|kunta|municip|local.?authority"),
        ("school_type", r"skolform|skoletype|koulumuoto|school.?type"),
        ("school_key", _SCHOOL),
    ),
    "outcomes": (
        ("value", r"meritvärde|betyg|karakter|keskiarvo|arvosana|points|grade.?point|value"),
        ("kind", r"^kind|^typ|^laji"),
        ("pupil_key", _PUPIL),
        ("date", _DATE),
    ),
}
"""Patterns of headers by table and field; "kind" and "reason" are columns of words."""

TABLE_NEEDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "timetable": (("date", "slot"), ("scheduled_min", "cancelled", "is_reported")),
    "registers": (("pupil_key", "date"), ("absent_min", "kind", "reason", "valid_min")),
    "cases": (("pupil_key",), ("referred", "started", "closed", "closure_reason")),
    "surveys": (("survey_key",), ("wave", "item_id", "response")),
    "outcomes": (("pupil_key", "value"), ("value",)),
    "pupils": (("pupil_key",), ("school_key", "class_key", "grade", "entry", "protected")),
    "calendar": (("date",), ("offered", "term")),
    "schools": (("school_key",), ("municipality_key",)),
}
"""What a table cannot do without, and what tells it from others."""

YES_WORDS = ("j", "ja", "y", "yes", "k", "kyllä", "true", "1", "x", "sant", "sand")
NO_WORDS = ("n", "nej", "no", "e", "ei", "false", "0", "falskt", "falsk")
SUMMARY_WORDS = ("summa", "sum", "total", "totalt", "totals", "i alt", "ialt", "yhteensä", "summa:")

_COUNTS = (
    ("invalid", r"^o(giltig|lovlig)|^ulovlig|luvaton|unauthori|invalid|unexcused|truan|skolk|pjæk"),
    ("valid", r"giltig|lovlig|luvalli|authori|^valid|excused"),
    ("late", r"\bsen\b|sen ankomst|forsink|myöhä|\blate\b|tardy"),
    ("present", r"närvar|fremmødt|läsnä|present"),
)
_REASONS = (
    (10, r"sjuk|syg|sairas|terveyd|\bill(ness)?\b|sick"),
    (11, r"läkar|tandl|læge|lääkär|medical|dent"),
    (20, r"ledig|frihed|\bfri\b|vapaa|loma|leave|holiday"),
    (21, r"relig"),
    (31, r"\bprao|praktik|\btet\b|work.?(place|experience)"),
    (30, r"studiebesök|annan undervisning|muualla|toiminnassa|educational visit|elsewhere"),
    (40, r"avstäng|suspen|erotettu|exclu"),
    (70, r"skolk|olovlig|ulovlig|pjæk|luvaton|truan|unauthori"),
    (50, r"anmäld|forælder|vårdnad|huoltaja|guardian|parent"),
    (60, r"oklar|utreds|selvittä|uafklar|unexplained|no reason"),
    (80, r"\bsen\b|sen ankomst|forsink|myöhä|\blate\b|tardy"),
    (90, r"annat|annan orsak|övrig|andet|\bmuu\b|other"),
)


def field_of(table: str, header: str) -> str | None:
    """Return the field that a header names in a table.

    Parameters
    ----------
    table : str
        Canonical table, or "timetable".
    header : str
        Header of a column.

    Returns
    -------
    str or None
        Field, "kind" or "reason"; None if no word fits.

    Examples
    --------
    >>> field_of("registers", "Frånvarominuter"), field_of("pupils", "Vuosiluokka")
    ('absent_min', 'grade')
    """
    text = header.strip().lower()
    for field, pattern in FIELD_WORDS[table]:
        if re.search(pattern, text):
            return field
    return None


def label_axes(label: str, role: str) -> dict[str, object]:
    """Return what a word of a kind or reason column probably means.

    Parameters
    ----------
    label : str
        The word.
    role : {"kind", "reason"}
        Whether the column tells what a mark counts as, or its reason.

    Returns
    -------
    dict
        Axes as in a mapping; empty if no word fits.

    Examples
    --------
    >>> label_axes("Ogiltig", "kind"), label_axes("Läkarbesök", "reason")
    ({'counts': 'invalid'}, {'reason': 11})
    """
    text = label.strip().lower()
    axes: dict[str, object] = {}
    counts = next((kind for kind, pattern in _COUNTS if re.search(pattern, text)), None)
    reason = next((code for code, pattern in _REASONS if re.search(pattern, text)), None)
    if role == "kind" and counts is not None:
        axes["counts"] = counts
    if reason is not None:
        axes["reason"] = reason
    return axes
