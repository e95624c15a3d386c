"""A typing client: never executed. Each marked line must be an error for mypy --strict, with that code."""

import cxscore as cx

cx.nps([9, 10], method="wilson")  # expect: call-overload
cx.nps([9, 10], missing="ignore")  # expect: call-overload
cx.csat([5], method="score")  # expect: call-overload
cx.nps([9, 10], confidence="95")  # expect: call-overload
cx.nps([9, 10]).score = 3.0  # expect: misc
cx.Scale(name="x", low=0, high=10)  # expect: call-arg
cx.nps([9, 10])["a"]  # expect: index
