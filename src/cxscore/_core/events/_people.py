"""Who wrote in each conversation, who opened it, and whether only bots took part.

Knows messages, and what calls for a human. Knows no waits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._log import Log
from ._marks import Marks
from ._words import Bools, BotMessage, By, Ints, Kind, Rules, Start

__all__ = ["People", "people_of"]


class People(NamedTuple):
    """Who wrote in each conversation, as positions."""

    customer: Ints  # the first customer message
    answer: Ints  # the first message of an agent that counts
    outbound: Bools
    opened_publicly: Bools  # its first message by a person is an agent's that counts
    bot_only: Bools
    created: Ints  # the CREATED row, or the first message where that is earlier
    opened: Ints  # the CREATED row, or the first message where there is none
    created_known: Bools
    not_by_customer: Bools  # an agent or a bot opened it


def people_of(log: Log, marks: Marks, rules: Rules) -> People:
    """Who wrote in each conversation, and whether only bots did under the rules."""
    nobody = len(log.at)
    is_customer, is_answer = log.kind == Kind.CUSTOMER, log.kind == Kind.ANSWER
    is_created, is_bot = log.kind == Kind.CREATED, log.kind == Kind.BOT
    customer, answer = log.first(is_customer), log.first(is_answer)
    person = log.first(is_customer | is_answer | (log.kind == Kind.NOTE))
    outbound = answer < customer

    bot_only = np.zeros(len(log.begin), np.bool_)
    if rules.bot is not BotMessage.ANSWERS and not rules.bot_only_waits:
        called = marks.hands_over.copy()
        if Start.OPENED in rules.first_restarts:
            called |= marks.opens
        if Start.ASSIGNED in rules.first_restarts:
            called |= log.kind == Kind.ASSIGNED
        code = np.arange(len(log.begin))
        bot_only = log.next(is_bot, customer, code) < nobody
        bot_only &= log.next(is_answer, customer, code) == nobody
        bot_only &= log.first(called) == nobody

    opened = log.first(is_created)
    known = opened < nobody
    by = np.append(log.by, np.int8(By.UNKNOWN))[opened]
    created = log.first(is_created | ((log.kind >= Kind.CUSTOMER) & (log.kind <= Kind.ANSWER)))
    return People(
        customer=customer,
        answer=answer,
        outbound=outbound,
        opened_publicly=outbound & (person == answer),
        bot_only=bot_only,
        created=created,
        opened=np.where(known, opened, created),
        created_known=known,
        not_by_customer=outbound | (by == By.AGENT) | (by == By.BOT),
    )
