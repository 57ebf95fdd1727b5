"""Diagnoses from stored histograms alone, each with its evidence. numpy only.

Not public: may change without notice.
"""

from __future__ import annotations

from tb_activation_hist.findings.diagnose import (
    RunLayers,
    find_difference_findings,
    find_run_findings,
)
from tb_activation_hist.findings.evidence import Evidence
from tb_activation_hist.findings.finding import SEVERITIES, Finding
from tb_activation_hist.findings.incidents import LiveIncidents
from tb_activation_hist.findings.live import LiveRules, may_be_meant
from tb_activation_hist.findings.online import OnlineRules
from tb_activation_hist.findings.registry import (
    DEFAULT_OPTIONS,
    FINDING_KINDS,
    INSTANT_KINDS,
    UNIT_KINDS,
    WATCHED_KINDS,
    FindingOptions,
)
from tb_activation_hist.findings.run_facts import RunFacts, info_to_run_facts
from tb_activation_hist.findings.sizes_so_far import SizesSoFar

__all__ = [
    "DEFAULT_OPTIONS",
    "FINDING_KINDS",
    "INSTANT_KINDS",
    "SEVERITIES",
    "UNIT_KINDS",
    "WATCHED_KINDS",
    "Evidence",
    "Finding",
    "FindingOptions",
    "LiveIncidents",
    "LiveRules",
    "OnlineRules",
    "RunFacts",
    "RunLayers",
    "SizesSoFar",
    "find_difference_findings",
    "find_run_findings",
    "info_to_run_facts",
    "may_be_meant",
]
