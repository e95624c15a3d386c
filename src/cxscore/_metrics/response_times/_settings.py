"""What a look-up in Groups needs and what writes the signature. Knows policies and targets as values."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..._results import Signature
from ...policies import ServiceTargets
from ...tallies._durations import CLOCKS

__all__ = ["Settings"]


@attrs.frozen
class Settings:
    """What a look-up in Groups needs and what writes the signature."""

    policy: str
    targets: ServiceTargets
    edges: tuple[int, ...]
    confidence: float
    missing: str
    invalid: str
    hours: str = "none"
    ours: str = "turns"
    """What `our_resolution` leaves out: the "turns" of the customer, or the time in "statuses" that are theirs."""
    cluster: str = "none"

    def signature(self, counted: Mapping[str | None, str] | None = None) -> Signature:
        """Of a log; or of a tally, with the targets that it was counted against by what they are called."""
        promised = {
            name: self.targets.definition(name) if counted is None else counted.get(name, "none") for name in CLOCKS
        }
        definition = {"policy": self.policy, "hours": self.hours, **promised}
        if self.ours != "turns":
            definition["ours"] = self.ours
        definition["v"] = "1"
        estimation = {
            "ci": "log-log",
            "conf": f"{self.confidence:.12g}",
            "missing": self.missing,
            "invalid": self.invalid,
            "cluster": self.cluster,
        }
        return Signature("response_times", definition, estimation)
