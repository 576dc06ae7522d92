"""Results made by hand, one per claim, with some cells below five."""

from __future__ import annotations

from absence_risk.result import Estimand, Estimate, FlowStep, Result, Table, Verdict

DEFINITION = (
    "absence in minutes over offered minutes, valid and invalid, per month; late minutes count"
)


def _row(term: str, value: float, low: float, high: float, **fields: object) -> Estimate:
    return Estimate(term=term, estimate=value, conf_low=low, conf_high=high, **fields)  # type: ignore[arg-type]


def escalation() -> Result:
    rows = (
        _row("naive", 1.86, 1.70, 2.03, statistic=13.7, p_value=1e-9, n=11873, n_events=2411),
        _row("adjusted", 1.41, 1.27, 1.56, statistic=6.5, p_value=1e-9, n=11873, n_events=2411),
        _row("time-reversed (benchmark)", 1.38, 1.25, 1.53, n=11873, n_events=2302),
        _row("adjusted ÷ time-reversed", 1.02, 0.89, 1.17, n=11873),
    )
    bands = [
        ("0 to <2 %", 0.006, 5210, 612),
        ("2 to <5 %", 0.011, 3905, 790),
        ("5 to <10 %", 0.019, 1880, 601),
        ("10 to <15 %", 0.034, 610, 280),
        ("15 % or more", 0.055, 268, 128),
    ]
    return Result(
        estimand=Estimand(
            id="escalation.or_valid_5pp",
            claim="escalation",
            formula="odds ratio of later invalid absence over time at risk per 5 points of early "
            "valid absence, given early invalid absence",
            population="pupils with time at risk in both halves",
            unit="odds ratio",
        ),
        estimate=rows[1],
        benchmark=rows[2],
        beyond=rows[3],
        null=1.0,
        benchmark_is="the same model with the halves of the year exchanged",
        definition=DEFINITION,
        n=11873,
        flow=(
            FlowStep(step="pupils in the register", n=12000),
            FlowStep(step="with lessons in both halves", n=11873),
        ),
        tables=(
            Table(
                name="associations",
                title="Odds ratio of invalid absence per 5 points of valid absence",
                rows=rows,
                note="n: pupils; n_events: pupils with any invalid absence.",
            ),
            Table(
                name="by_early_valid",
                title="Later invalid absence as a share of time at risk, by early valid absence",
                rows=tuple(
                    _row("later invalid share", v, v * 0.9, v * 1.1, group=g, n=n, n_events=e)
                    for g, v, n, e in bands
                ),
            ),
        ),
        conf_level=0.95,
        method="Fractional logit, jackknife over schools",
        verdict=Verdict(
            answer="not supported",
            sentence="Pupils with more valid absence early have more invalid absence later, but no "
            "more than when time is turned round.",
            reasons=("A general tendency to be absent would look the same.",),
        ),
    )


def threshold() -> Result:
    grid = [i / 50 for i in range(26)]
    dose = [
        _row(
            "adjusted mean",
            215 - 180 * x,
            211 - 190 * x,
            219 - 170 * x,
            group="spline",
            threshold=x,
        )
        for x in grid
    ] + [
        _row(
            "adjusted mean",
            214 - 170 * x - 40 * max(0, x - 0.2),
            210 - 180 * x,
            218 - 165 * x,
            group="kink",
            threshold=x,
        )
        for x in grid
    ]
    bins = [
        _row(
            "mean", 213 - 175 * x, 207 - 175 * x, 219 - 175 * x, threshold=x, n=int(900 - 1500 * x)
        )
        for x in (0.02, 0.06, 0.1, 0.15, 0.2, 0.3, 0.45)
    ]
    points = []
    for step, flagged, caught in [(0.10, 4310, 402), (0.15, 2480, 371), (0.20, 1320, 318)]:
        for term, k, n in [
            ("sensitivity", caught, 450),
            ("specificity", 11550 - (flagged - caught), 11550),
            ("PPV", caught, flagged),
            ("share of pupils flagged", flagged, 12000),
        ]:
            v = k / n
            points.append(_row(term, v, v - 0.02, v + 0.02, threshold=step, n=n, n_events=k))
    points.append(
        _row("PPV of an alarm without information", 0.0375, 0.034, 0.041, n=12000, n_events=450)
    )
    months = [202508, 202509, 202510, 202511, 202512, 202601]
    alarms = [
        _row(
            "alarms per 1,000 pupils",
            rate * f,
            rate * f * 0.9,
            rate * f * 1.1,
            time=float(m),
            threshold=step,
            n=12000,
            n_events=int(rate * f * 12) if not (m == 202508 and step == 0.2) else 3,
        )
        for step, f in [(0.1, 1.0), (0.15, 0.5), (0.2, 0.24)]
        for m, rate in zip(months, (60, 95, 130, 160, 140, 170), strict=True)
    ]
    head = _row("slope change at 20 %", -4.1, -9.5, 1.3, n=3010)
    base = _row("slope change of a smooth relation (benchmark)", -1.2, -2.2, -0.3, n=3010)
    beyond = _row("beyond the smooth relation", -2.9, -8.4, 2.6, n=3010)
    return Result(
        estimand=Estimand(
            id="threshold.slope_change_at_20",
            claim="threshold",
            formula="slope of the outcome above 20 % minus slope below",
            population="pupils with an outcome",
            unit="grade points per 10 points of absence",
        ),
        estimate=head,
        benchmark=base,
        beyond=beyond,
        null=0.0,
        benchmark_is="the slope change that a smooth relation would show",
        definition=DEFINITION,
        n=3010,
        flow=(
            FlowStep(step="pupils in grade 9", n=3105),
            FlowStep(step="with grade points", n=3010),
        ),
        tables=(
            Table(
                name="candidates",
                title="Difference in BIC from the best relation",
                rows=tuple(
                    Estimate(term=t, estimate=v, n=3010)
                    for t, v in [("none", 412.4), ("linear", 0.0), ("kink", 9.1), ("spline", 7.7)]
                ),
            ),
            Table(name="dose_response", title="Adjusted mean grade points", rows=tuple(dose)),
            Table(
                name="binned_means", title="Mean grade points by bin of absence", rows=tuple(bins)
            ),
            Table(
                name="break_location",
                title="Where a break would lie (share of offered time)",
                rows=(_row("kink", 0.23, 0.06, 0.41, n=3010),),
            ),
            Table(
                name="slopes",
                title="Grade points per 10 points of absence",
                rows=(
                    _row("slope below 20 %", -17.1, -20.0, -14.3),
                    _row("slope above 20 %", -21.2, -26.1, -16.3),
                    head,
                ),
            ),
            Table(
                name="operating_points",
                title="What reaching a step in autumn says (shares)",
                rows=tuple(points),
            ),
            Table(
                name="alarms",
                title="Pupils who reach a step, per 1,000 pupils and month (time: yyyymm)",
                rows=tuple(alarms),
            ),
        ),
        conf_level=0.95,
        method="Restricted cubic spline against a kink, BIC",
        verdict=Verdict(
            answer="undecidable",
            sentence="Grade points fall with absence; whether they fall faster from 20 % on cannot "
            "be told from these data.",
            reasons=("A smooth curve fits as well as a kink.",),
        ),
    )


def comeback() -> Result:
    def arm(group: str, speed: float, size: int) -> list[Estimate]:
        rows = []
        for week in range(31):
            share = 0.62 * (1 - 2.718281828 ** (-week / speed))
            events = int(size * share)
            rows.append(
                _row(
                    "returned",
                    share,
                    max(0, share - 0.07 * (week > 0)),
                    share + 0.07 * (week > 0),
                    group=group,
                    time=float(week),
                    n_events=events,
                    n_at_risk=int(size * (1 - share * 1.2)),
                )
            )
        return rows

    ends = []
    for term, top in [
        ("returned", 0.6),
        ("no longer needed", 0.12),
        ("declined", 0.05),
        ("moved", 0.016),
        ("other service", 0.012),
    ]:
        for week in range(0, 31, 1):
            v = top * (1 - 2.718281828 ** (-week / 9))
            ends.append(
                _row(
                    term,
                    v,
                    v * 0.8,
                    v * 1.2,
                    time=float(week),
                    n_events=int(v * 210),
                    n_at_risk=int(210 - 7 * week + week * 0.9),
                )
            )
    return Result(
        estimand=Estimand(
            id="return.cif_week_20",
            claim="return",
            formula="share of pupils back in school by week 20, with team minus without",
            population="pupils with a case",
            unit="share",
        ),
        estimate=_row("team", 0.55, 0.48, 0.62, time=20.0, n=210),
        benchmark=_row("no team (benchmark)", 0.43, 0.37, 0.49, time=20.0, n=390),
        beyond=_row("difference", 0.12, 0.03, 0.21),
        null=0.0,
        benchmark_is="pupils with the same absence and no team",
        definition="back: below 10 % absence over 4 school weeks in a row",
        n=210,
        flow=(
            FlowStep(step="cases", n=224),
            FlowStep(step="started", n=221),
            FlowStep(step="with follow-up", n=210),
        ),
        tables=(
            Table(
                name="return",
                title="Share of pupils back in school (time: school weeks)",
                rows=(*arm("team", 9, 210), *arm("no team (benchmark)", 14, 390)),
            ),
            Table(
                name="endings", title="How cases end (share; time: school weeks)", rows=tuple(ends)
            ),
            Table(
                name="relapse",
                title="Relapse within 12 school weeks (share)",
                rows=(
                    _row("relapsed", 0.22, 0.15, 0.30, n=115, n_events=25),
                    _row("relapsed after booster", 0.1, 0.02, 0.3, n=30, n_events=3),
                ),
            ),
        ),
        conf_level=0.95,
        method="Aalen–Johansen",
        verdict=Verdict(
            answer="supported",
            sentence="More pupils with a team are back by week 20 than like pupils without.",
            reasons=("Teams choose whom they take.",),
        ),
    )


def wellbeing() -> Result:
    change = (
        _row("observed change", -0.091, -0.112, -0.070, n=140),
        _row("expected with no programme (benchmark)", -0.074, -0.081, -0.067, n=2210),
        _row("beyond the benchmark", -0.017, -0.039, 0.005, n=140),
    )
    return Result(
        estimand=Estimand(
            id="wellbeing.absence_change_beyond",
            claim="wellbeing",
            formula="mean change in absence of pupils with a case, minus the change expected",
            population="pupils with a case and both windows",
            unit="points of per cent",
        ),
        estimate=change[0],
        benchmark=change[1],
        beyond=change[2],
        null=0.0,
        benchmark_is="the change of untreated pupils with the same absence before",
        definition=DEFINITION,
        n=140,
        flow=(FlowStep(step="cases", n=224), FlowStep(step="with both windows", n=140)),
        tables=(
            Table(
                name="change",
                title="Change in absence (fractions; points of per cent)",
                rows=change,
            ),
            Table(
                name="responders",
                title="Share of pupils with less absence (shares)",
                rows=(
                    _row("less absence", 0.757, 0.68, 0.82, n=140, n_events=106),
                    _row("less absence expected with no programme", 0.721, 0.70, 0.74, n=2210),
                    _row("halved", 0.5, 0.41, 0.58, n=140, n_events=70),
                    _row("halved expected with no programme", 0.386, 0.36, 0.41, n=2210),
                    _row("no absence left", 0.02, 0.0, 0.06, n=140, n_events=3),
                ),
            ),
            Table(
                name="wellbeing",
                title="Wellbeing, mean of items from 1 to 5",
                rows=(
                    _row("before", 2.71, 2.6, 2.82, n=140),
                    _row("after", 3.02, 2.87, 3.17, n=86),
                    _row("change, complete pairs", 0.29, 0.15, 0.43, n=80),
                    _row("change, lower bound", -0.52, -0.66, -0.38, n=140),
                    _row("change, upper bound", 1.10, 0.95, 1.24, n=140),
                ),
            ),
        ),
        conf_level=0.95,
        method="Registry regression, CR2",
        verdict=Verdict(
            answer="undecidable",
            sentence="Absence fell by 9.1 points; 7.4 would be expected with no programme.",
            reasons=("The interval of what is beyond covers zero.",),
        ),
    )


def all_results() -> dict[str, Result]:
    return {
        "escalation": escalation(),
        "threshold": threshold(),
        "return": comeback(),
        "wellbeing": wellbeing(),
    }
