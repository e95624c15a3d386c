"""What the package promises by name: one list at run time, the same for type checkers, all of it documented."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

import cxscore as cx

PROMISED = {
    # the six functions and the scorecard
    "nps", "csat", "ces", "response_times", "repeat_contacts", "outliers", "scorecard",
    "repeat_sensitivity",
    # periods, survey care, backlog
    "period", "Period", "PeriodUnit", "Weekday", "rolling", "response_rate", "ResponseRate", "latest", "low_scores",
    "LowScores", "LowScore", "due_for_survey", "DueForSurvey", "SurveyDue", "backlog", "Backlog", "BacklogPeriod",
    # comparing
    "compare", "Difference", "CompareMethod", "Correction", "movement", "Movement",
    # judging: where a change sits, reasons, sample sizes
    "explain_change", "ChangeExplained", "GroupChange", "drivers", "Drivers", "Driver", "sample_size",
    # judging: trends, control charts, funnels
    "trend", "Trend", "TrendPeriod", "TrendMethod", "control_limits", "ControlLimits", "ControlRow", "ControlChart",
    "funnel", "Funnel", "FunnelRow", "FunnelCurve", "Overdispersion",
    # results
    "NpsResult", "CsatResult", "CesResult", "ResponseTimesResult", "DurationSummary", "Touches", "WaitTable",
    "AtRisk", "ReopenRate",
    "RepeatContactsResult", "OutliersResult", "Outlier", "Fence", "Scorecard", "Interval", "Signature", "Groups",
    "Indicator", "LeftOut", "RepeatSensitivity", "Story", "StoryLine",
    # records and batches
    "SurveyResponse", "Message", "Conversation", "Change", "Contact", "Author", "ChangeKind", "Status", "Visibility",
    "Responses", "Messages", "Conversations", "Changes", "Contacts",
    # scales
    "Scale", "NPS_0_10", "NPS_1_10", "NPS_FANS", "CSAT_1_5", "CSAT_1_7", "CSAT_1_10", "CSAT_0_10", "CSAT_THUMBS",
    "CSAT_FACES", "CES_1_7", "CES_1_5", "CES_EFFORT_1_5",
    # tallies, policies
    "ScoreTally", "DurationTally", "RepeatTally", "ReplyPolicy", "DEFAULT_POLICY", "ServiceTargets", "TARGETS",
    "BusinessHours",
    # options
    "NpsMethod", "CsatMethod", "CesMethod", "Missing", "Invalid", "Superseded",
    # errors
    "CxscoreError", "ArgumentTypeError", "ArgumentValueError", "InvalidValueError", "LengthError", "MergeError",
    "MissingDependencyError", "MissingValueError", "MixedTimeZonesError", "NotYetError", "ScaleError",
    "UnknownNameError",
    # rooms
    "batches", "errors", "groups", "hours", "intervals", "policies", "records", "sample", "scales", "tallies",
    "__version__",
}  # fmt: skip


def test_the_public_names_are_exactly_the_promised_ones() -> None:
    assert set(cx.__all__) == PROMISED
    assert sorted(cx.__all__) == dir(cx)


def test_every_public_name_is_there() -> None:
    for name in cx.__all__:
        assert getattr(cx, name) is getattr(cx, name), name


def test_star_import_works() -> None:
    namespace: dict[str, object] = {}
    exec("from cxscore import *", namespace)
    assert PROMISED <= set(namespace)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'npss'"):
        cx.npss  # type: ignore[attr-defined]  # the point of the test  # noqa: B018


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(cx.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    told = {alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert {name: room or None for name, room in told.items()} == {
        **cx._HOME,
        **dict.fromkeys(cx._MODULES),
    }


def public_objects() -> list[tuple[str, object]]:
    return [(name, getattr(cx, name)) for name in cx.__all__ if name != "__version__"]


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, value in public_objects() if inspect.isclass(value) or inspect.isfunction(value)],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_every_class_and_function_is_documented(name: str, value: object) -> None:
    doc = inspect.getdoc(value) or ""
    assert len(doc) > 20, name
    assert ">>> " in doc, f"{name} has no example"
    if inspect.isfunction(value):
        for part in ("Args:", "Returns:", "Raises:", ">>> "):
            assert part in doc, f"{name} has no {part}"
        for argument in inspect.signature(value).parameters:
            assert argument in doc, f"{name} does not explain {argument}"


@pytest.mark.parametrize("name", [name for name, value in public_objects() if inspect.isclass(value)])
def test_every_public_method_is_documented(name: str) -> None:
    cls = getattr(cx, name)
    for member, value in vars(cls).items():
        plain = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if not member.startswith("_") and inspect.isfunction(plain):
            assert inspect.getdoc(plain), f"{name}.{member}"


@pytest.mark.parametrize("name", ["nps", "csat", "ces", "response_times", "repeat_contacts", "outliers"])
def test_options_are_keyword_only(name: str) -> None:
    first, *others = inspect.signature(getattr(cx, name)).parameters.values()
    assert first.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in others)


def test_signatures_of_the_contract() -> None:
    def names(function: object) -> list[str]:
        return list(inspect.signature(function).parameters)  # type: ignore[arg-type]  # functions, all of them

    shared = [
        "by", "weights", "cluster", "one_vote_per", "scale", "method", "confidence", "superseded", "missing", "invalid",
    ]  # fmt: skip
    for function in (cx.nps, cx.csat, cx.ces):
        assert names(function) == ["answers", *shared]
    assert names(cx.response_times) == [
        "log", "conversations", "changes", "by", "hours", "targets", "as_of", "policy", "brackets", "confidence",
        "missing", "invalid",
    ]  # fmt: skip
    assert names(cx.repeat_contacts) == [
        "contacts", "window", "by", "as_of", "since", "history_from", "same_day", "hours", "confidence", "missing",
        "invalid",
    ]  # fmt: skip
    assert names(cx.repeat_sensitivity) == [
        "contacts", "windows", "as_of", "since", "history_from", "same_day", "hours", "confidence", "missing",
        "invalid",
    ]  # fmt: skip
    assert names(cx.outliers) == ["values", "of", "by", "rule", "cutoff", "limit", "side", "log", "missing", "invalid"]
