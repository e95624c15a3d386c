"""How many people stand behind the answers, which do not add up: one person may answer in several groups.

Works on numbers of respondents and groups; knows neither answers nor tallies.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from .._core import clusters
from .._inputs import Coded

__all__ = ["People", "people_of"]

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class People:
    """How many distinct people answered in each group, in all, and in all groups but one; counted when asked for."""

    def __init__(self, group: Ints, groups: int, person: Ints) -> None:
        self._group = group
        self._groups = groups
        self._person = person

    @cached_property
    def _pairs(self) -> tuple[Ints, Ints]:
        pairs = clusters.arrange(self._person, self._group)
        return self._group[pairs.order][pairs.starts], pairs.cluster

    @cached_property
    def by_group(self) -> Ints:
        """People of each group."""
        return np.bincount(self._pairs[0], minlength=self._groups)

    @cached_property
    def total(self) -> int:
        """People of all groups."""
        return int(np.count_nonzero(np.bincount(self._person)))

    @cached_property
    def only_here(self) -> Ints:
        """People of each group who answered in no other."""
        group, person = self._pairs
        alone = np.bincount(person)[person] == 1
        return np.bincount(group[alone], minlength=self._groups)


def people_of(people: Coded, kept: Bools, group: Ints | None = None, groups: int = 1) -> People:
    """Who gave the answers to keep; a row without a respondent counts for nobody."""
    if people.labels[-1] is None:
        kept = kept & (people.codes != len(people.labels) - 1)
    person = people.codes[kept].astype(np.int64, copy=False)
    return People(np.zeros_like(person) if group is None else group[kept], groups, person)
