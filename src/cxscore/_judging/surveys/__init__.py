"""Survey care: how many answered, whose answers count once, whom to call back, whom to ask again.

Works on `Responses`; reads labels and instants from the batch and scores through the door. Computes no score.
"""

from ._due import DueForSurvey, SurveyDue, due_for_survey
from ._latest import latest
from ._low_scores import LowScore, LowScores, low_scores
from ._response_rate import ResponseRate, response_rate

__all__ = [
    "DueForSurvey",
    "LowScore",
    "LowScores",
    "ResponseRate",
    "SurveyDue",
    "due_for_survey",
    "latest",
    "low_scores",
    "response_rate",
]
