"""What one contact is, where nobody wrote it down: endless threads cut at long silences.

Works on integer codes and int64 microseconds and knows nothing of records or names.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .repeats import sort_rows

__all__ = ["Threads", "split_threads"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Threads(NamedTuple):
    """Contacts cut out of conversations, ordered by conversation and time.

    Attributes:
        begins: row of the customer's message that begins each contact.
        ends: row of its last message, whoever wrote it.
        answered_by: row of the last answer in it, -1 where nobody answered.
    """

    begins: Ints
    ends: Ints
    answered_by: Ints


def split_threads(conversation: Ints, at: Ints, answer: Bools, gap: int) -> Threads:
    """Cut conversations into contacts where a customer writes after more than `gap` of silence.

    The first message of a customer always begins a contact; what was written before it (a conversation that
    an agent opened) belongs to none. An answer belongs to the running contact however late it comes.

    Args:
        conversation: codes 0 .. m-1.
        at: microseconds; at one instant customers come before answers.
        answer: True for an answer, False for a customer's message.
        gap: longest silence within a contact, in microseconds.
    """
    order, conversation = sort_rows(conversation, at, answer.astype(np.int64))
    at, asked = at[order], ~answer[order]
    new = np.ones(order.size, dtype=np.bool_)
    new[1:] = conversation[1:] != conversation[:-1]
    silent = np.zeros(order.size, dtype=np.bool_)
    silent[1:] = at[1:] - at[:-1] > gap

    # Customer messages of the conversation so far, this one included.
    so_far = np.cumsum(asked)
    heads = np.flatnonzero(new)
    so_far = so_far - np.repeat(so_far[heads] - asked[heads], np.diff(np.append(heads, order.size)))
    begins = asked & ((so_far == 1) | (silent & ~new))
    inside = so_far > 0
    contact = np.cumsum(begins) - 1

    first = np.flatnonzero(begins)
    _, ends = _last(contact, np.flatnonzero(inside))
    answered, answers = _last(contact, np.flatnonzero(inside & ~asked))
    answered_by = np.full(first.size, -1, dtype=np.int64)
    answered_by[answered] = order[answers]
    return Threads(order[first], order[ends], answered_by)


def _last(contact: Any, places: Any) -> tuple[Ints, Ints]:
    """The contacts that have any of some ascending places, and the last of them in each."""
    number = contact[places]
    last = np.ones(places.size, dtype=np.bool_)
    last[:-1] = number[1:] != number[:-1]
    return number[last], places[last]
