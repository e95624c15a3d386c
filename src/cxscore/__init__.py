"""Customer experience, measured: exact definitions, honest intervals, a way back to every record.

Public names only. Rooms are loaded when a name of theirs is first used, so that importing the package
costs little more than importing numpy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:  # the same list as _ROOMS, in the words type checkers know; a test compares them
    from . import batches as batches
    from . import errors as errors
    from . import groups as groups
    from . import hours as hours
    from . import intervals as intervals
    from . import policies as policies
    from . import records as records
    from . import sample as sample
    from . import scales as scales
    from . import tallies as tallies
    from ._accounting import LeftOut as LeftOut
    from ._judging.backlog import Backlog as Backlog
    from ._judging.backlog import BacklogPeriod as BacklogPeriod
    from ._judging.backlog import backlog as backlog
    from ._judging.change import ChangeExplained as ChangeExplained
    from ._judging.change import GroupChange as GroupChange
    from ._judging.change import explain_change as explain_change
    from ._judging.charts import ControlChart as ControlChart
    from ._judging.charts import ControlLimits as ControlLimits
    from ._judging.charts import ControlRow as ControlRow
    from ._judging.charts import Funnel as Funnel
    from ._judging.charts import FunnelCurve as FunnelCurve
    from ._judging.charts import FunnelRow as FunnelRow
    from ._judging.charts import Overdispersion as Overdispersion
    from ._judging.charts import control_limits as control_limits
    from ._judging.charts import funnel as funnel
    from ._judging.compare import CompareMethod as CompareMethod
    from ._judging.compare import Correction as Correction
    from ._judging.compare import Difference as Difference
    from ._judging.compare import compare as compare
    from ._judging.drivers import Driver as Driver
    from ._judging.drivers import Drivers as Drivers
    from ._judging.drivers import drivers as drivers
    from ._judging.indicators import Indicator as Indicator
    from ._judging.movement import Movement as Movement
    from ._judging.movement import movement as movement
    from ._judging.rolling import rolling as rolling
    from ._judging.sample_size import sample_size as sample_size
    from ._judging.scorecard import Scorecard as Scorecard
    from ._judging.scorecard import scorecard as scorecard
    from ._judging.surveys import DueForSurvey as DueForSurvey
    from ._judging.surveys import LowScore as LowScore
    from ._judging.surveys import LowScores as LowScores
    from ._judging.surveys import ResponseRate as ResponseRate
    from ._judging.surveys import SurveyDue as SurveyDue
    from ._judging.surveys import due_for_survey as due_for_survey
    from ._judging.surveys import latest as latest
    from ._judging.surveys import low_scores as low_scores
    from ._judging.surveys import response_rate as response_rate
    from ._judging.trend import Trend as Trend
    from ._judging.trend import TrendMethod as TrendMethod
    from ._judging.trend import TrendPeriod as TrendPeriod
    from ._judging.trend import trend as trend
    from ._metrics.outliers import Fence as Fence
    from ._metrics.outliers import Outlier as Outlier
    from ._metrics.outliers import OutliersResult as OutliersResult
    from ._metrics.outliers import outliers as outliers
    from ._metrics.repeat_contacts import RepeatContactsResult as RepeatContactsResult
    from ._metrics.repeat_contacts import RepeatSensitivity as RepeatSensitivity
    from ._metrics.repeat_contacts import repeat_contacts as repeat_contacts
    from ._metrics.repeat_contacts import repeat_sensitivity as repeat_sensitivity
    from ._metrics.response_times import AtRisk as AtRisk
    from ._metrics.response_times import DurationSummary as DurationSummary
    from ._metrics.response_times import ReopenRate as ReopenRate
    from ._metrics.response_times import ResponseTimesResult as ResponseTimesResult
    from ._metrics.response_times import Touches as Touches
    from ._metrics.response_times import WaitTable as WaitTable
    from ._metrics.response_times import response_times as response_times
    from ._metrics.scores import CesMethod as CesMethod
    from ._metrics.scores import CesResult as CesResult
    from ._metrics.scores import CsatMethod as CsatMethod
    from ._metrics.scores import CsatResult as CsatResult
    from ._metrics.scores import Invalid as Invalid
    from ._metrics.scores import Missing as Missing
    from ._metrics.scores import NpsMethod as NpsMethod
    from ._metrics.scores import NpsResult as NpsResult
    from ._metrics.scores import Superseded as Superseded
    from ._metrics.scores import ces as ces
    from ._metrics.scores import csat as csat
    from ._metrics.scores import nps as nps
    from ._results import Interval as Interval
    from ._results import Signature as Signature
    from ._story import Story as Story
    from ._story import StoryLine as StoryLine
    from .batches import Changes as Changes
    from .batches import Contacts as Contacts
    from .batches import Conversations as Conversations
    from .batches import Messages as Messages
    from .batches import Responses as Responses
    from .errors import ArgumentTypeError as ArgumentTypeError
    from .errors import ArgumentValueError as ArgumentValueError
    from .errors import CxscoreError as CxscoreError
    from .errors import InvalidValueError as InvalidValueError
    from .errors import LengthError as LengthError
    from .errors import MergeError as MergeError
    from .errors import MissingDependencyError as MissingDependencyError
    from .errors import MissingValueError as MissingValueError
    from .errors import MixedTimeZonesError as MixedTimeZonesError
    from .errors import NotYetError as NotYetError
    from .errors import ScaleError as ScaleError
    from .errors import UnknownNameError as UnknownNameError
    from .groups import Groups as Groups
    from .hours import BusinessHours as BusinessHours
    from .periods import Period as Period
    from .periods import PeriodUnit as PeriodUnit
    from .periods import Weekday as Weekday
    from .periods import period as period
    from .policies import DEFAULT_POLICY as DEFAULT_POLICY
    from .policies import TARGETS as TARGETS
    from .policies import ReplyPolicy as ReplyPolicy
    from .policies import ServiceTargets as ServiceTargets
    from .records import Author as Author
    from .records import Change as Change
    from .records import ChangeKind as ChangeKind
    from .records import Contact as Contact
    from .records import Conversation as Conversation
    from .records import Message as Message
    from .records import Status as Status
    from .records import SurveyResponse as SurveyResponse
    from .records import Visibility as Visibility
    from .scales import CES_1_5 as CES_1_5
    from .scales import CES_1_7 as CES_1_7
    from .scales import CES_EFFORT_1_5 as CES_EFFORT_1_5
    from .scales import CSAT_0_10 as CSAT_0_10
    from .scales import CSAT_1_5 as CSAT_1_5
    from .scales import CSAT_1_7 as CSAT_1_7
    from .scales import CSAT_1_10 as CSAT_1_10
    from .scales import CSAT_FACES as CSAT_FACES
    from .scales import CSAT_THUMBS as CSAT_THUMBS
    from .scales import NPS_0_10 as NPS_0_10
    from .scales import NPS_1_10 as NPS_1_10
    from .scales import NPS_FANS as NPS_FANS
    from .scales import Scale as Scale
    from .tallies import DurationTally as DurationTally
    from .tallies import RepeatTally as RepeatTally
    from .tallies import ScoreTally as ScoreTally

# Where each public name lives.
_ROOMS: dict[str, tuple[str, ...]] = {
    "_accounting": ("LeftOut",),
    "_judging.charts": (
        "ControlChart", "ControlLimits", "ControlRow", "Funnel", "FunnelCurve", "FunnelRow", "Overdispersion",
        "control_limits", "funnel",
    ),
    "_judging.backlog": ("Backlog", "BacklogPeriod", "backlog"),
    "_judging.compare": ("CompareMethod", "Correction", "Difference", "compare"),
    "_judging.movement": ("Movement", "movement"),
    "_judging.change": ("ChangeExplained", "GroupChange", "explain_change"),
    "_judging.drivers": ("Driver", "Drivers", "drivers"),
    "_judging.sample_size": ("sample_size",),
    "_judging.rolling": ("rolling",),
    "_judging.indicators": ("Indicator",),
    "_judging.scorecard": ("Scorecard", "scorecard"),
    "_judging.trend": ("Trend", "TrendMethod", "TrendPeriod", "trend"),
    "_judging.surveys": (
        "DueForSurvey", "LowScore", "LowScores", "ResponseRate", "SurveyDue", "due_for_survey", "latest", "low_scores",
        "response_rate",
    ),
    "_metrics.outliers": ("Fence", "Outlier", "OutliersResult", "outliers"),
    "_metrics.repeat_contacts": (
        "RepeatContactsResult", "RepeatSensitivity", "repeat_contacts", "repeat_sensitivity",
    ),
    "_metrics.response_times": (
        "AtRisk", "DurationSummary", "ReopenRate", "ResponseTimesResult", "Touches", "WaitTable", "response_times",
    ),
    "_metrics.scores": (
        "CesMethod", "CesResult", "CsatMethod", "CsatResult", "Invalid", "Missing", "NpsMethod", "NpsResult",
        "Superseded", "ces", "csat", "nps",
    ),
    "_results": ("Interval", "Signature"),
    "_story": ("Story", "StoryLine"),
    "batches": ("Changes", "Contacts", "Conversations", "Messages", "Responses"),
    "errors": (
        "ArgumentTypeError", "ArgumentValueError", "CxscoreError", "InvalidValueError", "LengthError", "MergeError",
        "MissingDependencyError", "MissingValueError", "MixedTimeZonesError", "NotYetError", "ScaleError",
        "UnknownNameError",
    ),
    "groups": ("Groups",),
    "hours": ("BusinessHours",),
    "periods": ("Period", "PeriodUnit", "Weekday", "period"),
    "policies": ("DEFAULT_POLICY", "TARGETS", "ReplyPolicy", "ServiceTargets"),
    "records": (
        "Author", "Change", "ChangeKind", "Contact", "Conversation", "Message", "Status", "SurveyResponse",
        "Visibility",
    ),
    "scales": (
        "CES_1_5", "CES_1_7", "CES_EFFORT_1_5", "CSAT_0_10", "CSAT_1_5", "CSAT_1_7", "CSAT_1_10", "CSAT_FACES",
        "CSAT_THUMBS", "NPS_0_10", "NPS_1_10", "NPS_FANS", "Scale",
    ),
    "tallies": ("DurationTally", "RepeatTally", "ScoreTally"),
}  # fmt: skip
_MODULES = ("batches", "errors", "groups", "hours", "intervals", "policies", "records", "sample", "scales", "tallies")
_HOME = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = ["__version__", *_MODULES, *_HOME]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    if name not in _HOME:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value  # the next look-up finds it without coming here
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
