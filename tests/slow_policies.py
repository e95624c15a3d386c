"""Who waited in one conversation under a policy, the slow way: plain Python, one event after the other.

Shares nothing with the library but the words of its rules. A policy is a dict of the fields of `ReplyPolicy`
with plain values; an event is a dict with `t` (a whole number), `kind` and what goes with it:

    created    status, by
    message    author (customer, agent, bot), visibility (sent, public_note, private), automatic, agent
    handoff    noted: on a message of anybody but an agent, so that an answer at that instant comes after it
    assigned   agent
    status     to, by
    resolved   a resolution without the statuses around it
    resolved_once    the same, but it did not last
    merged, abandoned, schedule
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

Event = dict[str, Any]
Policy = dict[str, Any]

STATUSES = (
    "new", "open", "pending", "hold", "snoozed", "solved", "closed", "merged", "removed", "spam", "deleted",
)  # fmt: skip
FINISHED = ("solved", "closed", "merged", "removed", "spam", "deleted")

DEFAULT: Policy = {
    "first_from": "first_customer",
    "first_restarts": ["handoff"],
    "opened_by_agent": "after_customer",
    "answers": ["sent"],
    "bot": "ignore",
    "bot_only": "no_wait",
    "status_answers": [],
    "wait_from": "first_unanswered",
    "first_is_reply": True,
    "on_resolve": "closes",
    "resolution_from": "created",
    "resolved": ["solved", "closed"],
    "paused": {},
    "reopened_from": ["solved", "closed"],
    "one_touch": "exactly_one",
    "expires": None,
    "leave_out": [],
}


class Wait(NamedTuple):
    """Numbers of events, or None; `end` is None while open."""

    opened_by: int
    start: int
    end: int | None
    outcome: str
    answered_by: int | None
    is_first: bool
    reason: str


def evaluate(events: list[Event], policy: Policy, now: int) -> dict[str, Any]:
    """Everything that the walk over many conversations finds, for this one."""
    return _Conversation(events, {**DEFAULT, **policy}, now).found()


def _what(event: Event, policy: Policy) -> str:
    """One word for what an event is."""
    if event["kind"] != "message":
        return event["kind"]
    author, visibility = event["author"], event.get("visibility", "sent")
    if event.get("automatic", False):
        return "ignored"
    if author == "agent":
        return "answer" if visibility in policy["answers"] else "note"
    if visibility != "sent":
        return "ignored"
    return author


# What happens at one instant happens in this order; statuses among themselves as they are listed above.
ORDER = (
    "created", "schedule", "customer", "bot", "ignored", "note", "noted handoff", "answer", "handoff", "assigned",
    "status", "resolved", "merged", "abandoned", "resolved_once",
)  # fmt: skip


class _Conversation:
    def __init__(self, events: list[Event], policy: Policy, now: int) -> None:
        self.policy, self.now = policy, now

        def place(number: int) -> tuple[int, int, int, int]:
            event = events[number]
            what = "noted handoff" if event.get("noted") else _what(event, policy)
            status = event.get("to") if event["kind"] == "status" else event.get("status")
            return event["t"], ORDER.index(what), STATUSES.index(status) if status else -1, number

        self.number = sorted(range(len(events)), key=place)
        self.events = [events[number] for number in self.number]
        self.what = [_what(event, policy) for event in self.events]
        while self.what.count("created") > 1:
            self.what[len(self.what) - 1 - self.what[::-1].index("created")] = "ignored"
        self.read_statuses()
        self.customers = self.all("customer")
        self.answers = self.all("answer")
        self.outbound = bool(self.answers) and not (self.customers and self.customers[0] < self.answers[0])

    def all(self, *what: str) -> list[int]:
        return [i for i, found in enumerate(self.what) if found in what]

    def at(self, i: int) -> int:
        return self.events[i]["t"]

    def read_statuses(self) -> None:
        """Note at each event what its change of status means."""
        policy, standing = self.policy, None
        self.stands: list[tuple[int, str]] = []
        self.resolves: list[int] = []
        self.reopens: list[int] = []
        self.opens: list[int] = []
        self.status_answers: list[int] = []
        at_rest = "solved" if "solved" in policy["resolved"] else [*in_order(policy["resolved"]), "solved"][0]
        for i, event in enumerate(self.events):
            if self.what[i] == "resolved_once":
                self.resolves.append(i)
            to = {
                "created": event.get("status"), "status": event.get("to"), "resolved": at_rest, "merged": "merged",
            }.get(self.what[i])  # fmt: skip
            if to is None or (to == standing and self.what[i] != "resolved"):
                continue
            was, standing = standing, to
            if was != to:
                self.stands.append((i, to))
            if self.what[i] == "resolved" or (to in policy["resolved"] and was not in policy["resolved"]):
                self.resolves.append(i)
            rests = policy["reopened_from"]
            if self.what[i] != "created" and was in rests and to not in rests and to not in FINISHED:
                self.reopens.append(i)
            if self.what[i] == "created":
                continue
            if to == "open":
                self.opens.append(i)
            if to in policy["status_answers"]:
                self.status_answers.append(i)
        self.standing = standing

    def effect(self, i: int) -> str | None:
        """How an event ends a wait that is open."""
        policy, what = self.policy, self.what[i]
        if what == "answer" or i in self.status_answers:
            return "answered"
        if what == "bot":
            return {"ignore": None, "ends_wait": "dropped", "answers": "answered"}[policy["bot"]]
        if what == "abandoned":
            return "abandoned"
        if i in self.resolves and what != "created":
            on_resolve = policy["on_resolve"]
            return {"closes": "closed", "keeps_wait": None, "drops_wait": "dropped", "answers": "answered"}[on_resolve]
        return None

    def bot_only(self) -> bool:
        waits = self.policy["bot_only"] == "waits" and "bot_only" not in self.policy["leave_out"]
        if self.policy["bot"] == "answers" or waits or not self.customers:
            return False
        later = self.what[self.customers[0] :]
        called = bool(self.all("handoff"))
        called |= "opened" in self.policy["first_restarts"] and bool(self.opens)
        called |= "assigned" in self.policy["first_restarts"] and bool(self.all("assigned"))
        return "bot" in later and "answer" not in later and not called

    def created(self) -> int | None:
        begun = self.all("created", "customer", "bot", "ignored", "note", "answer")
        begun += [i for i in self.all("handoff") if self.events[i].get("noted")]
        return min(begun, default=None)

    # -- the first response --

    def first(self) -> tuple[Wait, int | None] | None:
        """The wait for the first response, and the place of what ended it."""
        policy = self.policy
        first_from, opened_by_agent = policy["first_from"], policy["opened_by_agent"]
        assigned = self.all("assigned")
        created = self.created()
        counts_from = created or 0  # answers before this place are none
        if opened_by_agent == "exclude" and self.outbound:
            return None
        wants_customer = opened_by_agent == "after_customer" if self.outbound else "customer" in first_from
        if wants_customer:
            if not self.customers:
                return None
            counts_from = max(counts_from, self.customers[0] + 1)
        people = self.all("customer", "answer", "note")
        if opened_by_agent == "next_agent" and self.outbound and people[0] == self.answers[0]:
            counts_from = max(counts_from, self.answers[0] + 1)
        if first_from == "assigned":
            if not assigned:
                return None
            counts_from = max(counts_from, assigned[0] + 1)

        places = range(counts_from, len(self.events))
        answer = next((i for i in places if self.effect(i) == "answered"), len(self.events))

        starts: list[tuple[int, str]] = []
        if first_from == "first_customer":
            starts += [(i, "first_customer") for i in self.customers[:1] if i < answer]
        elif first_from == "last_customer":
            starts += [(i, "last_customer") for i in self.customers if i < answer]
        elif first_from == "assigned":
            starts.append((assigned[0], "assigned"))
        if self.outbound and opened_by_agent == "after_customer":
            starts += [(i, "first_customer") for i in self.customers[:1]]
        restarts = [(i, "handoff") for i in self.all("handoff")]
        restarts += [(i, "opened") for i in self.opens] + [(i, "assigned") for i in assigned]
        restarts = [(i, why) for i, why in restarts if counts_from <= i < answer and why in policy["first_restarts"]]
        by_bots = [
            (i, "bot_resolved") for i in self.resolves
            if counts_from <= i < answer and self.events[i].get("by") == "bot"
        ]  # fmt: skip
        if not restarts and "bot_resolved" in policy["first_restarts"]:
            restarts = by_bots
        if not starts + restarts and created is None:
            return None
        opened, reason = max(starts + restarts, default=(created, "created"), key=lambda start: start[0])
        self.restarted = (opened, reason) if (opened, reason) in restarts else None

        ended, outcome, end = None, "open", None
        for i in range(max(counts_from, opened + 1 if reason != "created" else 0), len(self.events)):
            effect = self.effect(i)
            if effect not in (None, "dropped"):
                ended, outcome, end = i, effect, self.at(i)
                break
        since = opened if reason != "created" else opened - 1
        drops = policy["on_resolve"] == "drops_wait" and self.standing in policy["resolved"]
        lasting = self.lasting()
        if outcome == "open" and drops and lasting[-1] > since:
            outcome, end = "dropped", self.at(lasting[-1])
        wait = self.wait(opened, ended, outcome, end, reason, is_first=True)
        if wait.outcome != "answered" and not self.customers:
            by = [self.events[i].get("by") for i in self.all("created")]
            if self.outbound or by in ([], ["agent"], ["bot"]):
                return None
        return None if self.bot_only() else (wait, ended)

    def wait(
        self, opened: int, ended: int | None, outcome: str, end: int | None, reason: str, is_first: bool = False
    ) -> Wait:
        start, expires = self.at(opened), self.policy["expires"]
        if expires is not None and start + expires < (self.now if end is None else end):
            outcome, end = "lapsed", start + expires
        answered_by = self.number[ended] if outcome == "answered" else None
        return Wait(self.number[opened], start, end, outcome, answered_by, is_first, reason)

    # -- replies --

    def replies(self, first: tuple[Wait, int | None] | None) -> list[Wait]:
        if self.bot_only():
            return []
        gaps = self.policy["wait_from"] == "previous_answer"
        found = self.gaps() if gaps else self.runs(first)

        def belongs(opened: int, wait: Wait) -> bool:
            if first is None:
                return False
            whole, ended = first
            if whole.outcome == "lapsed":
                return wait.start <= whole.end
            return ended is None or opened < ended

        firsts = [number for number, (opened, wait) in enumerate(found) if belongs(opened, wait)]
        waits = [wait for _, wait in found]
        if not self.policy["first_is_reply"]:
            return [wait for number, wait in enumerate(waits) if number not in firsts]
        if firsts:
            waits[firsts[-1]] = waits[firsts[-1]]._replace(is_first=True)
        if gaps and first is not None:
            ended = len(self.events) if first[1] is None else first[1]
            if all(self.effect(i) != "answered" for i in range(ended)):
                waits = [first[0], *waits]
        return sorted(waits, key=lambda wait: wait.start)

    def gaps(self) -> list[tuple[int, Wait]]:
        found = []
        for i in range(len(self.events)):
            if self.effect(i) != "answered":
                continue
            ended = next((k for k in range(i + 1, len(self.events)) if self.effect(k)), None)
            if ended is not None:
                found.append((i, self.wait(i, ended, self.effect(ended), self.at(ended), "previous_answer")))
            elif any(customer > i for customer in self.customers):
                found.append((i, self.wait(i, None, "open", None, "previous_answer")))
        return found

    def runs(self, first: tuple[Wait, int | None] | None) -> list[tuple[int, Wait]]:
        policy = self.policy
        handoff_opens = policy["bot"] != "ignore" or policy["on_resolve"] == "drops_wait"
        moved = None
        if policy["first_from"] == "first_customer" and first is not None:
            moved = self.restarted
        found: list[tuple[int, Wait]] = []
        opened: int | None = None
        reason = ""

        def close(ended: int | None) -> None:
            outcome, end = ("open", None) if ended is None else (self.effect(ended), self.at(ended))
            found.append((opened, self.wait(opened, ended, outcome, end, reason)))

        last = policy["wait_from"] == "last_customer"
        for i, what in enumerate(self.what):
            if moved is not None and self.customers and self.customers[0] <= i < moved[0]:
                continue
            expires = policy["expires"]
            if opened is not None and not last and expires is not None and self.at(i) > self.at(opened) + expires:
                found.append((opened, self.wait(opened, None, "open", self.at(i), reason)))
                opened = None
            if moved is not None and i == moved[0]:
                if opened is None or last:
                    opened, reason = moved
            elif what == "customer":
                if opened is None or last:
                    opened, reason = i, "last_customer" if last else "first_customer"
            elif what == "handoff" and handoff_opens and opened is None:
                opened, reason = i, "handoff"
            elif opened is not None and self.effect(i):
                close(i)
                opened = None
        if opened is not None:
            close(None)
        return found

    # -- the rest --

    def resolutions(self) -> tuple[int | None, list[tuple[int, int, int]]]:
        start_at = {
            "created": min(self.all("created"), default=self.created()),
            "first_customer": min(self.customers, default=None),
            "assigned": min(self.all("assigned"), default=None),
        }[self.policy["resolution_from"]]
        if start_at is None:
            return None, []
        start = self.at(start_at)
        return start, [(start, self.at(i), self.number[i]) for i in self.resolves if self.at(i) >= start]

    def lasting(self) -> list[int]:
        return [i for i in self.resolves if self.what[i] != "resolved_once"]

    def rests(self) -> list[tuple[int, int | None, str]]:
        """Of each resolution how long it lasted."""
        lasting, found = self.lasting(), []
        for i, following in itertools.pairwise([*lasting, len(self.events)]):
            again = [k for k in self.reopens if i < k < following]
            left = [k for k, to in self.stands if i < k < following and to not in self.policy["resolved"]]
            if again:
                found.append((self.at(i), self.at(again[0]), "answered"))
            elif left:
                found.append((self.at(i), self.at(left[0]), "closed"))
            elif i == lasting[-1]:
                found.append((self.at(i), None, "open"))
        return found

    def stretches(self) -> list[tuple[int, int, str | None]]:
        created = self.created()
        points = [(self.at(i), to) for i, to in self.stands]
        if self.stands and self.what[self.stands[0][0]] == "created":
            points[0] = (self.at(created), points[0][1])
        if created is not None:
            points = [(self.at(created), None), *points]
            if len(points) > 1 and points[1][0] < points[0][0]:
                points = points[1:]
        points.append((self.now, None))
        return [(at, end, to) for (at, to), (end, _) in itertools.pairwise(points) if at < end]

    def agent_turns(self) -> list[tuple[int, int]]:
        limit = self.at(self.lasting()[-1]) if self.lasting() else self.now
        found, since = [], None
        for i in self.all("customer", "answer"):
            if self.what[i] == "answer" and since is None:
                since = self.at(i)
            elif self.what[i] == "customer" and since is not None:
                found.append((since, min(self.at(i), limit)))
                since = None
        if since is not None:
            found.append((since, limit))
        return [(start, end) for start, end in found if start < end]

    def handovers(self) -> int:
        def agents(what: str) -> list[Any]:
            known = (self.events[i].get("agent") for i in self.all(what))
            return [agent for agent in known if agent is not None]

        line = agents("assigned") or agents("answer")
        return sum(one != other for one, other in itertools.pairwise(line))

    def one_touch(self) -> bool | None:
        if self.standing not in self.policy["resolved"]:
            return None
        rule, touches = self.policy["one_touch"], len(self.answers)
        if rule == "exactly_one":
            return touches == 1
        if rule == "at_most_one":
            return touches <= 1
        if rule == "never_waited":
            waited = any(to in ("pending", "hold") for _, to in self.stands)
            return touches >= 1 and not waited and not self.reopens
        if rule == "one_closer":
            agents = {self.events[i].get("agent") for i in self.answers}
            if len(self.resolves) != 1 or not touches or len(agents - {None}) > 1:
                return False
            return True if touches == 1 or None not in agents else None
        created = self.created()
        return created is not None and self.at(self.resolves[0]) - self.at(created) < rule

    def found(self) -> dict[str, Any]:
        first = self.first()
        start, resolutions = self.resolutions()
        stretches = self.stretches()
        created = self.created()
        handoffs = self.all("handoff")
        paused = self.policy["paused"]
        return {
            "first": None if first is None else first[0],
            "replies": self.replies(first),
            "first_customer": self.number[self.customers[0]] if self.customers else None,
            "customer_messages": len(self.customers),
            "answers": len(self.answers),
            "outbound": self.outbound,
            "bot_only": self.bot_only(),
            "resolved_at": self.at(self.lasting()[-1]) if self.lasting() else None,
            "created_at": None if created is None else self.at(created),
            "created_known": bool(self.all("created")),
            "resolution_start": start,
            "handed_off_at": self.at(handoffs[0]) if handoffs else None,
            "has_status": self.standing is not None,
            "status_at_end": self.standing,
            "resolved_at_end": self.standing in self.policy["resolved"],
            "handovers": self.handovers(),
            "one_touch": self.one_touch(),
            "resolutions": resolutions,
            "reopens": [(self.at(i), self.number[i]) for i in self.reopens],
            "rests": self.rests(),
            "statuses": stretches,
            "pauses": {
                clock: [(at, end, to) for at, end, to in stretches if to in paused.get(clock, ())]
                for clock in ("first", "reply", "resolution")
            },
            "agent_turns": self.agent_turns(),
        }


def in_order(statuses: list[str]) -> list[str]:
    return sorted(statuses, key=STATUSES.index)
