"""Customer experience, measured: exact definitions, honest intervals, a way back to every record."""

from . import errors, intervals
from ._accounting import LeftOut
from ._metrics.scores import CesResult, CsatResult, NpsResult, ces, csat, nps
from ._results import Interval, Signature
from ._version import __version__
from .batches import Contacts, Conversations, Messages, Responses
from .errors import *
from .groups import Groups
from .records import *
from .scales import *
from ._metrics.response_times import DurationSummary, ResponseTimesResult, Touches, response_times
from .policies import *
from .tallies import DurationTally, ScoreTally
