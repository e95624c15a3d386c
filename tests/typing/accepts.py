"""A typing client: never executed, checked by mypy --strict. What stands here must be accepted."""

from datetime import datetime, timedelta
from typing import assert_type

import numpy as np

import cxscore as cx
from cxscore import (
    CesResult,
    CsatResult,
    Groups,
    NpsResult,
    OutliersResult,
    RepeatContactsResult,
    ResponseTimesResult,
)

assert_type(cx.nps([9, 10]), NpsResult)
assert_type(cx.nps([9, 10], by=["a", "b"]), Groups[NpsResult])
assert_type(cx.csat({5: 3, 1: 2}, scale=cx.CSAT_1_5, method="agresti-coull"), CsatResult)
assert_type(cx.ces(np.array([5, 6, 7]), method="t"), CesResult)
assert_type(cx.nps([9, 10]).score, float)
assert_type(cx.nps([9, 10]).signature, str)
assert_type(cx.nps([9, 10], by=["a", "b"]).overall, NpsResult)
assert_type(cx.nps([9, 10], by=["a", "b"])["a"].promoters, int)

nine = datetime(2026, 3, 2, 9)
log = cx.Messages(conversation=[1, 1], at=[nine, nine], author=["customer", "agent"])
assert_type(cx.response_times(log), ResponseTimesResult)
assert_type(cx.response_times(log, by="channel"), Groups[ResponseTimesResult])
summary = cx.response_times(log, targets=cx.ServiceTargets(reply=timedelta(hours=1))).reply
if summary is not None:
    assert_type(summary.median, timedelta | None)
assert_type(log[0], cx.Message)
assert_type(log[:1], cx.Messages)

contacts = cx.Contacts(customer=["ada"], at=[nine])
assert_type(cx.repeat_contacts(contacts, window=timedelta(days=7)), RepeatContactsResult)
assert_type(cx.repeat_contacts(contacts, by="channel"), Groups[RepeatContactsResult])
assert_type(cx.outliers([1.0, 2.0, 30.0]), OutliersResult)
assert_type(cx.outliers([1.0, 2.0], by=["a", "b"]), Groups[OutliersResult])

tally = cx.ScoreTally.of([9, 10], cx.NPS_0_10) + cx.ScoreTally.empty(cx.NPS_0_10)
assert_type(tally, cx.ScoreTally)
assert_type(cx.nps(tally), NpsResult)
assert_type(cx.Signature.parse(cx.nps(tally).signature), cx.Signature)
