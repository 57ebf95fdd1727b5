"""All rules of the findings, most severe first; every list of kinds and thresholds comes from here.

A new rule is one module in `rules/` and one line in `RUN_RULES`. If it has thresholds of its own,
their class is also a base of `FindingOptions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from tb_activation_hist.findings.rule import ComparisonRule, Rule, RunRule
from tb_activation_hist.findings.rules.batch_statistics import (
    BATCH_STATISTICS,
    BatchStatisticsThresholds,
)
from tb_activation_hist.findings.rules.collapsed import COLLAPSED
from tb_activation_hist.findings.rules.constant_input import (
    CONSTANT_INPUT,
    ConstantInputThresholds,
)
from tb_activation_hist.findings.rules.dead_units import DEAD_UNITS, DeadUnitThresholds
from tb_activation_hist.findings.rules.eval_mode import EVAL_MODE, EvalModeThresholds
from tb_activation_hist.findings.rules.exploding import EXPLODING, ExplodingThresholds
from tb_activation_hist.findings.rules.frozen import FROZEN
from tb_activation_hist.findings.rules.input_change import INPUT_CHANGE, InputChangeThresholds
from tb_activation_hist.findings.rules.kept_gradients import (
    KEPT_GRADIENTS,
    KeptGradientThresholds,
)
from tb_activation_hist.findings.rules.loss_mismatch import (
    LOSS_MISMATCH,
    LossMismatchThresholds,
)
from tb_activation_hist.findings.rules.loss_rises import LOSS_RISES, LossRisesThresholds
from tb_activation_hist.findings.rules.low_precision import LOW_PRECISION, LowPrecisionThresholds
from tb_activation_hist.findings.rules.mostly_zero import MOSTLY_ZERO, MostlyZeroThresholds
from tb_activation_hist.findings.rules.non_finite import NON_FINITE
from tb_activation_hist.findings.rules.not_learning import NOT_LEARNING, NotLearningThresholds
from tb_activation_hist.findings.rules.optimizer_settings import (
    OPTIMIZER_SETTINGS,
    OptimizerSettingsThresholds,
)
from tb_activation_hist.findings.rules.outlier_features import OUTLIER_FEATURES, OutlierThresholds
from tb_activation_hist.findings.rules.redundant_units import (
    REDUNDANT_UNITS,
    RedundantThresholds,
)
from tb_activation_hist.findings.rules.relu_logits import RELU_LOGITS, ReluLogitsThresholds
from tb_activation_hist.findings.rules.run_difference import (
    RUN_DIFFERENCE,
    RunDifferenceThresholds,
)
from tb_activation_hist.findings.rules.runaway_units import RUNAWAY_UNITS, RunawayThresholds
from tb_activation_hist.findings.rules.saturated import SATURATED, SaturatedThresholds
from tb_activation_hist.findings.rules.spike_and_crash import SPIKE_AND_CRASH, SpikeThresholds
from tb_activation_hist.findings.rules.stopped_learning import (
    STOPPED_LEARNING,
    StoppedLearningThresholds,
)
from tb_activation_hist.findings.rules.strong_dropout import (
    STRONG_DROPOUT,
    StrongDropoutThresholds,
)
from tb_activation_hist.findings.rules.sudden_change import SUDDEN_CHANGE, SuddenChangeThresholds
from tb_activation_hist.findings.rules.unscaled_inputs import (
    UNSCALED_INPUTS,
    UnscaledInputThresholds,
)
from tb_activation_hist.findings.rules.unshuffled_input import (
    UNSHUFFLED_INPUT,
    UnshuffledThresholds,
)
from tb_activation_hist.findings.rules.unused_units import UNUSED_UNITS, UnusedThresholds
from tb_activation_hist.findings.rules.vanishing import VANISHING, VanishingThresholds
from tb_activation_hist.findings.thresholds import CollapsedThresholds, describe_thresholds


# Python lists the fields of the last base first, so the bases stand in reverse reading order.
@dataclass(frozen=True, kw_only=True)
class FindingOptions(
    RunDifferenceThresholds,
    StoppedLearningThresholds,
    ReluLogitsThresholds,
    StrongDropoutThresholds,
    LossRisesThresholds,
    LossMismatchThresholds,
    OptimizerSettingsThresholds,
    KeptGradientThresholds,
    UnshuffledThresholds,
    BatchStatisticsThresholds,
    EvalModeThresholds,
    ConstantInputThresholds,
    InputChangeThresholds,
    UnscaledInputThresholds,
    RedundantThresholds,
    RunawayThresholds,
    UnusedThresholds,
    DeadUnitThresholds,
    OutlierThresholds,
    LowPrecisionThresholds,
    SuddenChangeThresholds,
    NotLearningThresholds,
    SpikeThresholds,
    SaturatedThresholds,
    MostlyZeroThresholds,
    VanishingThresholds,
    ExplodingThresholds,
    CollapsedThresholds,
):
    """The thresholds of all rules, as keyword arguments; each is a number above 0.

    Scales are root mean squares of a layer's finite values. Raises OptionError for a value that is
    not a number above 0. docs/findings.md has the same list as a table.
    """


FindingOptions.__doc__ = f"{FindingOptions.__doc__}\n{describe_thresholds(FindingOptions)}\n"

DEFAULT_OPTIONS: Final = FindingOptions()

RunRules: TypeAlias = tuple[RunRule[FindingOptions], ...]

RUN_RULES: Final[RunRules] = (
    NON_FINITE,
    COLLAPSED,
    EXPLODING,
    INPUT_CHANGE,
    VANISHING,
    MOSTLY_ZERO,
    SATURATED,
    SPIKE_AND_CRASH,
    NOT_LEARNING,
    SUDDEN_CHANGE,
    LOW_PRECISION,
    OUTLIER_FEATURES,
    DEAD_UNITS,
    UNUSED_UNITS,
    RUNAWAY_UNITS,
    REDUNDANT_UNITS,
    EVAL_MODE,
    BATCH_STATISTICS,
    UNSCALED_INPUTS,
    CONSTANT_INPUT,
    UNSHUFFLED_INPUT,
    KEPT_GRADIENTS,
    OPTIMIZER_SETTINGS,
    LOSS_MISMATCH,
    LOSS_RISES,
    STRONG_DROPOUT,
    RELU_LOGITS,
    STOPPED_LEARNING,
    FROZEN,
)
"""Rules for single runs, most severe first; the order sorts findings of equal severity."""

COMPARISON_RULES: Final[tuple[ComparisonRule[FindingOptions], ...]] = (RUN_DIFFERENCE,)
"""Rules that compare two runs."""

RULES: Final[tuple[Rule[Any], ...]] = (*RUN_RULES, *COMPARISON_RULES)

RUN_RULE_OF: Final = {rule.kind: rule for rule in RUN_RULES}

FINDING_KINDS: Final = tuple(rule.kind for rule in RULES)
"""Every kind of finding, most severe first."""

WATCHED_KINDS: Final = tuple(RUN_RULE_OF)
"""The kinds that ``warn_on`` and ``stop_on`` take: all that one run can show."""

INSTANT_KINDS: Final = tuple(rule.kind for rule in RUN_RULES if rule.online is not None)
"""Those of `WATCHED_KINDS` that `OnlineRules` finds in single records."""

UNIT_KINDS: Final = ("dead_units", "unused_units", "runaway_units", "redundant_units")
"""Kinds that look at the slices of split layers."""
