"""Claim 4: did pupils change, and more than they would have anyway."""

from __future__ import annotations

from absence_risk.evaluation.adjusted_change import ancova
from absence_risk.evaluation.assessment import Assessment, assess, remarks_of
from absence_risk.evaluation.baseline import baseline_equivalence
from absence_risk.evaluation.board import Board, BoardYear, board_view, board_year
from absence_risk.evaluation.cautions import Caution
from absence_risk.evaluation.check_design import check_design
from absence_risk.evaluation.cohorts import case_windows, registry_windows
from absence_risk.evaluation.design_check import DesignCheck
from absence_risk.evaluation.donor_mixture import synthetic_control
from absence_risk.evaluation.estimate import absence_study, estimate_change, register_study
from absence_risk.evaluation.event_curve import event_curve
from absence_risk.evaluation.few_clusters import few_clusters_table
from absence_risk.evaluation.flow_chart import flow_chart
from absence_risk.evaluation.imputed import MI
from absence_risk.evaluation.matched import matched_comparison
from absence_risk.evaluation.missing import change_with_missing
from absence_risk.evaluation.missing_bounds import bounds
from absence_risk.evaluation.outcomes import Likert, Population, Rate
from absence_risk.evaluation.pairs import pair_waves
from absence_risk.evaluation.prepost import PrePost
from absence_risk.evaluation.published import mass_table
from absence_risk.evaluation.repeated import repeated_measures
from absence_risk.evaluation.reporting import (
    cannot_carry,
    design_carries,
    tidier_table,
    trend_table,
)
from absence_risk.evaluation.responders_rule import ReliableChange
from absence_risk.evaluation.selection import Selected
from absence_risk.evaluation.staggered import event_study, staggered_difference_in_differences
from absence_risk.evaluation.stepped_wedge import stepped_wedge_power
from absence_risk.evaluation.survey import survey_studies
from absence_risk.evaluation.time_series import interrupted_time_series
from absence_risk.evaluation.tipping import Tipping, tipping_point
from absence_risk.evaluation.tipping_arms import tipping_surface
from absence_risk.evaluation.two_periods import (
    difference_in_differences,
    difference_in_differences_of_means,
)
from absence_risk.evaluation.wellbeing import describe_wellbeing
from absence_risk.evaluation.windows import Windows
from absence_risk.stats.sensitivity import (
    e_value,
    e_value_d,
    robustness_value,
    rosenbaum_bounds,
)

__all__ = [
    "MI",
    "Assessment",
    "Board",
    "BoardYear",
    "Caution",
    "DesignCheck",
    "Likert",
    "Population",
    "PrePost",
    "Rate",
    "ReliableChange",
    "Selected",
    "Tipping",
    "Windows",
    "absence_study",
    "ancova",
    "assess",
    "baseline_equivalence",
    "board_view",
    "board_year",
    "bounds",
    "cannot_carry",
    "case_windows",
    "change_with_missing",
    "check_design",
    "describe_wellbeing",
    "design_carries",
    "difference_in_differences",
    "difference_in_differences_of_means",
    "e_value",
    "e_value_d",
    "estimate_change",
    "event_curve",
    "event_study",
    "few_clusters_table",
    "flow_chart",
    "interrupted_time_series",
    "mass_table",
    "matched_comparison",
    "pair_waves",
    "register_study",
    "registry_windows",
    "remarks_of",
    "repeated_measures",
    "robustness_value",
    "rosenbaum_bounds",
    "staggered_difference_in_differences",
    "stepped_wedge_power",
    "survey_studies",
    "synthetic_control",
    "tidier_table",
    "tipping_point",
    "tipping_surface",
    "trend_table",
]
