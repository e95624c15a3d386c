"""One column batch a record: which columns it has, which it needs, and what it alone can do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self, cast

import numpy as np
import numpy.typing as npt

from .. import _inputs
from .._accounting import status_reason
from .._checks import check_choice
from .._core.contacts import split_threads
from .._inputs import NAT
from ..errors import UnknownNameError, shown
from ..records import (
    MAKERS,
    Author,
    Change,
    ChangeKind,
    Contact,
    Conversation,
    Message,
    Status,
    SurveyResponse,
    Visibility,
)
from ._base import Batch, Ints, Zone, _columns_of, _frame_column, _labels, _take
from ._doors import as_batch

Reopens = Literal["count", "ignore"]
_AUTHORS = {str(author): code for code, author in enumerate(Author)}
_VISIBILITIES = {str(one): code for code, one in enumerate(Visibility)}
_KINDS = {str(kind): code for code, kind in enumerate(ChangeKind)}
_MAKERS = {maker: code for code, maker in enumerate(MAKERS)}
_STATUSES = {str(status): code for code, status in enumerate(Status)}
_SHOWN_NAMES = 20


def _named(
    batch: Batch[Any], name: str, known: Mapping[str, int], *, way: str, among: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.int8]:
    """A column of names from a short list as their codes, -1 where it is missing.

    Raises:
        UnknownNameError: another name in a row that counts; `way` shows how to translate it.
    """
    found = batch.coded(name)
    table = np.array([known.get(label, -1) for label in found.labels] or [-1], dtype=np.int8)
    unknown = [code for code, label in enumerate(found.labels) if table[code] < 0 and label is not None]
    if unknown:
        told = ~found.missing if among is None else among & ~found.missing
        rows = np.flatnonzero(told & np.isin(found.codes, unknown))
        if len(rows):
            raise _unknown_names(found, rows, int(np.count_nonzero(told)), known, way)
    return table[found.codes]


def _unknown_names(found: _inputs.Coded, rows: Ints, n: int, known: Mapping[str, int], way: str) -> UnknownNameError:
    """All unknown names among `n` rows at once, so that one run tells everything that has to be translated."""
    codes, first, counts = np.unique(found.codes[rows], return_index=True, return_counts=True)
    order = np.argsort(first)
    words = [found.labels[code] for code in codes[order].tolist()]
    places = rows[first[order]].tolist()
    listed = [
        f"{shown(word)} {'' if times == 1 else f'{times:,} times, first '}at position {place}"
        for word, place, times in zip(words, places, counts[order].tolist(), strict=True)
    ]
    more = f", and {len(words) - _SHOWN_NAMES:,} other names" if len(words) > _SHOWN_NAMES else ""
    translation = ", ".join(f"{word!r}: ..." for word in words[:_SHOWN_NAMES])
    msg = (
        f"{found.name} must be one of {', '.join(map(repr, known))} (got {len(rows):,} of {n:,} that are not: "
        f"{', '.join(listed[:_SHOWN_NAMES])}{more}); say which they are with {way.format(translation)}"
    )
    return UnknownNameError(msg, argument=found.name, found=tuple(words), positions=tuple(places), count=len(rows))


def _translate(
    frame: Any,
    names: dict[str, Any],
    field: str,
    words: Mapping[Any, str] | None,
    among: npt.NDArray[np.bool_] | None = None,
) -> None:
    """Put the column of a field into the words of this library, where `words` has them; the rest stays."""
    if words is None or field not in names:
        return
    found = _inputs.coded(_frame_column(frame, names[field], field), field)
    own, ours = np.empty((2, len(found.labels)), dtype=object)
    own[:] = found.labels
    ours[:] = [words.get(label, label) for label in found.labels]
    column = ours[found.codes]
    names[field] = column if among is None else np.where(among, column, own[found.codes])


class Responses(Batch[SurveyResponse]):
    """Survey answers in columns; see `SurveyResponse` for the fields.

    Args:
        score: 1-D ArrayLike of numbers or labels; read against the scale by the metric.
        tz: zone of naive instants, which are then wall times of it.
        fold: which reading of an ambiguous or missing wall time (0 first, 1 second); None raises.
        extra: your own columns by name.

    Every other argument is one 1-D ArrayLike per field of equal length, or a scalar for all rows.

    Raises:
        LengthError: columns of unequal length.
        MixedTimeZonesError: naive and aware instants together.

    >>> import cxscore as cx
    >>> len(cx.Responses(score=[9, 10, 3], channel=["chat", "mail", "chat"]))
    3
    """

    __slots__ = ()
    record = SurveyResponse
    _required = ("score",)
    _instants = ("at", "asked_at")

    def __init__(
        self, *, score: Any, at: Any = None, respondent: Any = None, account: Any = None, channel: Any = None,
        survey: Any = None, conversation: Any = None, agent: Any = None, team: Any = None, asked_at: Any = None,
        tags: Any = None, comment: Any = None, weight: Any = None, extra: Mapping[str, Any] | None = None,
        tz: Zone = None, fold: int | None = None,
    ) -> None:  # fmt: skip
        columns = {
            "score": score, "at": at, "respondent": respondent, "account": account, "channel": channel,
            "survey": survey, "conversation": conversation, "agent": agent, "team": team, "asked_at": asked_at,
            "tags": tags, "comment": comment, "weight": weight,
        }  # fmt: skip
        self._fill(columns, tz=tz, fold=fold, extra=extra)

    @classmethod
    def from_frame(
        cls, frame: Any, *, extra: Iterable[str] = (), tz: Zone = None, fold: int | None = None, **fields: str
    ) -> Self:
        """Columns of a pandas, polars or pyarrow table.

        Args:
            frame: the table.
            extra: names of columns to keep as your own.
            tz: zone of naive instants.
            fold: as in the constructor.
            **fields: field of `SurveyResponse` = name of the column.

        >>> import cxscore as cx
        >>> table = {"rating": [5, 4], "where": ["chat", "mail"]}
        >>> cx.Responses.from_frame(table, score="rating", extra=["where"])
        Responses(2 rows: score, where)
        """
        return cls._from_frame(frame, fields, extra, {"tz": tz, "fold": fold})


class Messages(Batch[Message]):
    """A message log in columns, in any order; see `Message` for the fields.

    Args:
        conversation: 1-D ArrayLike of labels.
        at: 1-D ArrayLike of instants (datetime, datetime64, pandas, polars, pyarrow).
        author: "customer", "agent" or "bot" per row.
        tz: zone of naive instants.
        fold: which reading of an ambiguous or missing wall time; None raises.
        extra: your own columns by name.

    Raises:
        LengthError: columns of unequal length.
        UnknownNameError: an author that is not known.
        MixedTimeZonesError: naive and aware instants together.

    >>> import numpy as np
    >>> import cxscore as cx
    >>> at = np.array(["2026-03-02T09:00", "2026-03-02T09:04"], dtype="datetime64[m]")
    >>> cx.Messages(conversation=[1, 1], at=at, author=["customer", "agent"])[1].author
    <Author.AGENT: 'agent'>
    """

    __slots__ = ()
    record = Message
    _required = ("conversation", "at", "author")
    _instants = ("at",)
    _flags = ("public", "automatic", "handoff")

    def __init__(
        self, *, conversation: Any, at: Any, author: Any, public: Any = None, automatic: Any = None,
        handoff: Any = None, visibility: Any = None, agent: Any = None, team: Any = None, customer: Any = None,
        channel: Any = None, extra: Mapping[str, Any] | None = None, tz: Zone = None, fold: int | None = None,
    ) -> None:  # fmt: skip
        columns = {
            "conversation": conversation, "at": at, "author": author, "public": public, "automatic": automatic,
            "handoff": handoff, "visibility": visibility, "agent": agent, "team": team, "customer": customer,
            "channel": channel,
        }  # fmt: skip
        self._fill(columns, tz=tz, fold=fold, extra=extra)
        self.authors()  # an unknown author is refused here, where it can still be translated
        self.visibilities()

    def authors(self) -> npt.NDArray[np.int8]:
        """Authors as codes in the order of `Author`: 0 customer, 1 agent, 2 bot; -1 where it is missing."""
        return _named(self, "author", _AUTHORS, way="from_frame(..., authors={{{}}})")

    def visibilities(self) -> npt.NDArray[np.int8] | None:
        """Visibilities as codes in the order of `Visibility`: 0 sent, 1 public note, 2 private note.

        -1 where it is not given, None where the log tells none at all.
        """
        if not self.known("visibility"):
            return None
        return _named(self, "visibility", _VISIBILITIES, way="from_frame(..., visibilities={{{}}})")

    def seen_as(self, visibility: str) -> npt.NDArray[np.bool_] | None:
        """Rows that are public or private notes; None where none is. What `visibility` does not tell `public` does."""
        told = self.visibilities()
        mask = None
        if told is not None:
            mask = told == _VISIBILITIES[visibility]
        if visibility == Visibility.PRIVATE_NOTE and self.has("public"):
            hidden = ~self.flag("public", default=True)
            mask = hidden if mask is None else mask | (hidden & (told == -1))
        return mask if mask is not None and mask.any() else None

    @classmethod
    def from_frame(
        cls, frame: Any, *, authors: Mapping[Any, str] | None = None,
        visibilities: Mapping[Any, str] | None = None, extra: Iterable[str] = (), tz: Zone = None,
        fold: int | None = None, **fields: str,
    ) -> Self:  # fmt: skip
        """Columns of a pandas, polars or pyarrow table.

        Args:
            frame: the table.
            authors: what the table calls an author = "customer", "agent" or "bot".
            visibilities: what the table calls a visibility = "sent", "public_note" or "private_note".
            extra: names of columns to keep as your own.
            tz: zone of naive instants.
            fold: as in the constructor.
            **fields: field of `Message` = name of the column.

        >>> from datetime import datetime
        >>> import cxscore as cx
        >>> table = {"ticket": [1], "sent": [datetime(2026, 3, 2, 9)], "by": ["end-user"]}
        >>> cx.Messages.from_frame(
        ...     table, conversation="ticket", at="sent", author="by", authors={"end-user": "customer"})[0].author
        <Author.CUSTOMER: 'customer'>
        """
        names: dict[str, Any] = dict(fields)
        _translate(frame, names, "author", authors)
        _translate(frame, names, "visibility", visibilities)
        return cls._from_frame(frame, names, extra, {"tz": tz, "fold": fold})


class Changes(Batch[Change]):
    """What happened to conversations, in columns and in any order; see `Change` for the fields.

    Args:
        conversation: 1-D ArrayLike of labels.
        at: 1-D ArrayLike of instants.
        kind: "created", "status", "handoff", "assigned", "schedule" or "merged" per row.
        to: what was changed to, per row.
        tz: zone of naive instants.
        fold: which reading of an ambiguous or missing wall time; None raises.
        extra: your own columns by name.

    Raises:
        LengthError: columns of unequal length.
        UnknownNameError: a kind, a status or a `by` that is not known.
        MixedTimeZonesError: naive and aware instants together.

    >>> import numpy as np
    >>> import cxscore as cx
    >>> at = np.array(["2026-03-02T09:00", "2026-03-02T09:30"], dtype="datetime64[m]")
    >>> changes = cx.Changes(conversation=7, at=at, kind=["created", "status"], to=[None, "solved"])
    >>> changes[1].to
    <Status.SOLVED: 'solved'>
    """

    __slots__ = ()
    record = Change
    _required = ("conversation", "at", "kind")
    _instants = ("at",)

    def __init__(
        self, *, conversation: Any, at: Any, kind: Any, to: Any = None, by: Any = None, agent: Any = None,
        extra: Mapping[str, Any] | None = None, tz: Zone = None, fold: int | None = None,
    ) -> None:  # fmt: skip
        columns = {"conversation": conversation, "at": at, "kind": kind, "to": to, "by": by, "agent": agent}
        self._fill(columns, tz=tz, fold=fold, extra=extra)
        self.statuses()  # what is not known is refused here, where it can still be translated
        self.makers()

    def kinds(self) -> npt.NDArray[np.int8]:
        """Kinds as codes in the order of `ChangeKind`: 0 created, 1 status, 2 handoff, 3 assigned and so on."""
        return _named(self, "kind", _KINDS, way="from_frame(..., kinds={{{}}})")

    def makers(self) -> npt.NDArray[np.int8]:
        """Who did it as codes: 0 customer, 1 agent, 2 bot, 3 system; -1 where that is not told."""
        if not self.known("by"):
            return np.full(len(self), -1, dtype=np.int8)
        return _named(self, "by", _MAKERS, way="from_frame(..., authors={{{}}})")

    def statuses(self) -> npt.NDArray[np.int8]:
        """Statuses as codes in the order of `Status`, 0 new to 10 deleted; -1 for changes that tell none."""
        kinds = self.kinds()
        told = kinds <= _KINDS["status"]
        found = np.full(len(self), -1, dtype=np.int8)
        if self.known("to"):
            found = _named(self, "to", _STATUSES, way="from_frame(..., statuses={{{}}})", among=told)
        nameless = (kinds >= 0) & (found == -1) & np.isin(kinds, (_KINDS["status"], _KINDS["schedule"]))
        if self.known("to"):
            nameless &= (kinds == _KINDS["status"]) | self.coded("to").missing
        if nameless.any():
            raw = self.raw("to") if self.has("to") else [None] * len(self)
            _inputs.refuse_invalid(
                "to", "name the status or the schedule that was changed to", nameless, raw, kind=UnknownNameError,
                way="leave out changes to something unknown",
            )  # fmt: skip
        return np.where(told, found, np.int8(-1))

    @classmethod
    def from_frame(
        cls, frame: Any, *, kinds: Mapping[Any, str] | None = None, statuses: Mapping[Any, str] | None = None,
        authors: Mapping[Any, str] | None = None, extra: Iterable[str] = (), tz: Zone = None, fold: int | None = None,
        **fields: str,
    ) -> Self:  # fmt: skip
        """Columns of a pandas, polars or pyarrow table.

        Args:
            frame: the table.
            kinds: what the table calls a kind = "created", "status", "handoff", "assigned", "schedule" or "merged".
            statuses: what the table calls a status = one of `Status`; applied to the rows that tell a status.
            authors: what the table calls who did it = "customer", "agent", "bot" or "system".
            extra: names of columns to keep as your own.
            tz: zone of naive instants.
            fold: as in the constructor.
            **fields: field of `Change` = name of the column. `kind` may also be a constant: a kind by its name where
                no column is called so.

        >>> from datetime import datetime
        >>> import cxscore as cx
        >>> table = {"ticket": [1], "when": [datetime(2026, 3, 2, 9)], "what": ["state"], "value": ["wait for user"]}
        >>> changes = cx.Changes.from_frame(
        ...     table, conversation="ticket", at="when", kind="what", to="value",
        ...     kinds={"state": "status"}, statuses={"wait for user": "pending"})
        >>> changes[0].to
        <Status.PENDING: 'pending'>
        """
        names: dict[str, Any] = dict(fields)
        kind = names.get("kind")
        if isinstance(kind, str) and kind in _KINDS and kind not in _columns_of(frame):
            names["kind"] = np.full(
                len(_frame_column(frame, names.get("conversation"), "conversation")), str(kind), object
            )
        _translate(frame, names, "kind", kinds)
        _translate(frame, names, "by", authors)
        if statuses is not None and "to" in names and "kind" in names:
            told = _inputs.coded(_frame_column(frame, names["kind"], "kind"), "kind")
            states = [code for code, label in enumerate(told.labels) if label in ("created", "status")]
            _translate(frame, names, "to", statuses, np.isin(told.codes, states))
        return cls._from_frame(frame, names, extra, {"tz": tz, "fold": fold})


class Conversations(Batch[Conversation]):
    """Conversations or tickets in columns; see `Conversation` for the fields.

    Args:
        id: 1-D ArrayLike of labels.
        opened_at: 1-D ArrayLike of instants.
        tz: zone of naive instants.
        fold: which reading of an ambiguous or missing wall time; None raises.
        extra: your own columns by name.

    Raises:
        LengthError: columns of unequal length.
        MixedTimeZonesError: naive and aware instants together.

    >>> from datetime import datetime
    >>> import cxscore as cx
    >>> tickets = cx.Conversations(id=[1, 2], opened_at=datetime(2026, 3, 2, 9), channel=["mail", "chat"])
    >>> tickets[1].channel
    'chat'
    """

    __slots__ = ()
    record = Conversation
    _required = ("id", "opened_at")
    _instants = ("opened_at", "first_response_at", "resolved_at", "first_resolved_at", "abandoned_at")
    _whole = ("reopens", "messages")

    def __init__(
        self, *, id: Any, opened_at: Any, first_response_at: Any = None, resolved_at: Any = None,
        first_resolved_at: Any = None, abandoned_at: Any = None, customer: Any = None, channel: Any = None,
        topic: Any = None, agent: Any = None, team: Any = None, reopens: Any = None, messages: Any = None,
        status: Any = None, extra: Mapping[str, Any] | None = None, tz: Zone = None, fold: int | None = None,
    ) -> None:  # fmt: skip
        columns = {
            "id": id, "opened_at": opened_at, "first_response_at": first_response_at, "resolved_at": resolved_at,
            "first_resolved_at": first_resolved_at, "abandoned_at": abandoned_at, "customer": customer,
            "channel": channel, "topic": topic, "agent": agent, "team": team, "reopens": reopens,
            "messages": messages, "status": status,
        }  # fmt: skip
        self._fill(columns, tz=tz, fold=fold, extra=extra)

    @classmethod
    def from_frame(
        cls, frame: Any, *, extra: Iterable[str] = (), tz: Zone = None, fold: int | None = None, **fields: str
    ) -> Self:
        """Columns of a pandas, polars or pyarrow table.

        Args:
            frame: the table.
            extra: names of columns to keep as your own.
            tz: zone of naive instants.
            fold: as in the constructor.
            **fields: field of `Conversation` = name of the column.

        >>> from datetime import datetime
        >>> import cxscore as cx
        >>> table = {"ticket": [1, 2], "created": [datetime(2026, 3, 2, 9), datetime(2026, 3, 2, 10)]}
        >>> len(cx.Conversations.from_frame(table, id="ticket", opened_at="created"))
        2
        """
        return cls._from_frame(frame, fields, extra, {"tz": tz, "fold": fold})


class Contacts(Batch[Contact]):
    """Contacts of customers in columns; see `Contact` for the fields.

    Args:
        customer: 1-D ArrayLike of labels; a missing one is an unknown customer.
        at: 1-D ArrayLike of instants.
        tz: zone of naive instants.
        fold: which reading of an ambiguous or missing wall time; None raises.
        extra: your own columns by name.

    Raises:
        LengthError: columns of unequal length.
        MixedTimeZonesError: naive and aware instants together.

    >>> from datetime import datetime
    >>> import cxscore as cx
    >>> len(cx.Contacts(customer=["ada", "bob"], at=[datetime(2026, 3, 2), datetime(2026, 3, 3)]))
    2
    """

    __slots__ = ()
    record = Contact
    _required = ("customer", "at")
    _instants = ("at", "ended_at")
    _flags = ("resolvable",)

    def __init__(
        self, *, customer: Any, at: Any, ended_at: Any = None, topic: Any = None, channel: Any = None,
        agent: Any = None, resolvable: Any = None, extra: Mapping[str, Any] | None = None, tz: Zone = None,
        fold: int | None = None,
    ) -> None:  # fmt: skip
        columns = {
            "customer": customer, "at": at, "ended_at": ended_at, "topic": topic, "channel": channel,
            "agent": agent, "resolvable": resolvable,
        }  # fmt: skip
        self._fill(columns, tz=tz, fold=fold, extra=extra)

    @classmethod
    def from_frame(
        cls, frame: Any, *, extra: Iterable[str] = (), tz: Zone = None, fold: int | None = None, **fields: str
    ) -> Self:
        """Columns of a pandas, polars or pyarrow table.

        Args:
            frame: the table.
            extra: names of columns to keep as your own.
            tz: zone of naive instants.
            fold: as in the constructor.
            **fields: field of `Contact` = name of the column.

        >>> from datetime import datetime
        >>> import cxscore as cx
        >>> table = {"who": ["ada"], "when": [datetime(2026, 3, 2)]}
        >>> cx.Contacts.from_frame(table, customer="who", at="when")[0].customer
        'ada'
        """
        return cls._from_frame(frame, fields, extra, {"tz": tz, "fold": fold})

    @classmethod
    def from_messages(cls, messages: Any, *, gap: dt.timedelta = dt.timedelta(hours=24)) -> Self:
        """Cut endless threads into contacts: a new one begins where a customer writes after a long silence.

        Looks at what people said in public: bots, private notes and automatic messages neither begin nor end
        anything, and rows without a conversation or an instant belong to no contact. The first message of a
        customer in a conversation begins a contact, and so does one that comes more than `gap` after the last
        message of customer or agent. An answer belongs to the running contact however late it comes.

        Args:
            messages: `Message` records or a `Messages` batch, in any order.
            gap: longest silence within a contact, above zero.

        Returns:
            Contacts with `at` (the customer's message), `ended_at` (the last message of customer or agent),
            `customer` and `channel` of the message that began it, `agent` (who answered last, None if nobody
            did). As own columns: `conversation`, `team` of that agent where teams are known, and your own columns
            of the first message.

        Raises:
            ArgumentTypeError: no messages, or a gap without a unit.
            InvalidValueError: a gap that is not above zero.

        >>> from datetime import datetime
        >>> import cxscore as cx
        >>> at = [datetime(2026, 3, day, hour) for day, hour in ((2, 9), (2, 10), (5, 9))]
        >>> thread = cx.Messages(conversation=1, at=at, author=["customer", "agent", "customer"], customer="ada")
        >>> [(contact.at.day, contact.ended_at.day) for contact in cx.Contacts.from_messages(thread)]
        [(2, 2), (5, 5)]
        """
        log = cast("Messages", as_batch(messages, "messages", (Messages,), lambda: Messages.from_records([])))
        longest = _inputs.duration(gap, "gap", positive=True)
        talks, at, author = log.coded("conversation"), log.times("at"), log.authors()
        said = ~log.flag("automatic", default=False) & (author != 2) & (author >= 0)
        for note, of in ((log.seen_as("public_note"), author == 1), (log.seen_as("private_note"), True)):
            if note is not None:
                said &= ~(note & of)
        rows = np.flatnonzero(said & (at != NAT) & ~talks.missing)
        found = split_threads(talks.codes[rows].astype(np.int64), at[rows], author[rows] == 1, longest)
        begins, ends = rows[found.begins], rows[found.ends]
        answers = np.append(rows, -1)[found.answered_by]
        return cls._made_of(
            log, begins, at[begins], at[ends], conversation=_labels(log, "conversation", begins),
            channel=_labels(log, "channel", begins), agent=_labels(log, "agent", answers),
            team=_labels(log, "team", answers),
        )  # fmt: skip

    @classmethod
    def from_conversations(cls, conversations: Any, *, reopens: Reopens = "count") -> Self:
        """Every conversation as a contact from its opening to its end, and what was opened again as another.

        Conversations with the status merged, spam, test or deleted are no contacts and are left out; of several
        rows of one conversation the one with the latest news counts.

        A row of a conversation that was opened again (`reopens` of 1 or more, or two resolutions) says that the
        customer came back between the first and the last resolution, but not when. With `reopens="count"` it
        becomes two contacts: one that ended with the first resolution, and one whose start is set to the last
        resolution, the latest instant that is possible. A repeat is then counted only where the customer came
        back in the window for certain. One that has not been resolved again has no known start: it is left out
        as missing by `repeat_contacts`. The middle ones of several reopenings leave no trace in a row.

        Args:
            conversations: `Conversation` records or a `Conversations` batch.
            reopens: "count" a reopening as a contact of its own, or "ignore" it: one contact, from the opening to
                the last resolution.

        Returns:
            Contacts with `at` (the opening), `ended_at` (the resolution, or when the customer left if that is
            earlier), `customer`, `topic`, `channel` and `agent` (the assignee). As own columns: `conversation`, `team`
            where teams are known, and your own columns.

        Raises:
            ArgumentTypeError: no conversations.
            InvalidValueError: conversations that were opened again without `first_resolved_at`, under
                `reopens="count"`.
            UnknownNameError: another choice.

        >>> from datetime import datetime
        >>> import cxscore as cx
        >>> march = [datetime(2026, 3, day) for day in range(1, 32)]
        >>> ticket = cx.Conversation(
        ...     id=7, customer="ada", opened_at=march[1], first_resolved_at=march[2], resolved_at=march[5], reopens=1)
        >>> contacts = cx.Contacts.from_conversations([ticket])
        >>> len(contacts), cx.repeat_contacts(contacts, as_of=march[30]).repeats
        (2, 1)
        >>> len(cx.Contacts.from_conversations([ticket], reopens="ignore"))
        1
        """
        empty = Conversations.from_records
        table = cast("Conversations", as_batch(conversations, "conversations", (Conversations,), lambda: empty([])))
        check_choice("reopens", reopens, ("count", "ignore"))
        kept = _of_customers(table)
        opened, resolved = table.times("opened_at"), table.times("resolved_at")
        left_at = table.times("abandoned_at")
        ended = _earlier(resolved, left_at)
        again = np.empty(0, dtype=np.int64)
        if reopens == "count":
            first = table.times("first_resolved_at")
            counted = np.zeros(len(table), dtype=np.bool_)
            if table.has("reopens"):
                counted = _inputs.numbers(table.raw("reopens"), "reopens").data > 0
            untold = kept & counted & (first == NAT)
            if untold.any():
                _inputs.refuse_invalid(
                    "reopens", "come with first_resolved_at, which ends the first contact", untold,
                    table.raw("reopens"), way="give first_resolved_at=, or pass reopens='ignore' for one contact each",
                )  # fmt: skip
            # A customer who left had been back by then.
            last, first = (np.where(at == NAT, NAT, _earlier(at, left_at)) for at in (resolved, first))
            twice = (first != NAT) & (last > first)
            reopened = kept & (counted | twice)
            ended = np.where(reopened, first, ended)
            again = np.flatnonzero(reopened)
        rows = np.concatenate((np.flatnonzero(kept), again))
        order = np.argsort(rows, kind="stable")
        starts, ends = opened[rows], ended[rows]
        if len(again):
            starts[-len(again) :] = ends[-len(again) :] = np.where(twice, last, NAT)[again]
        rows, starts, ends = rows[order], starts[order], ends[order]
        return cls._made_of(
            table, rows, starts, ends, conversation=_labels(table, "id", rows), topic=_labels(table, "topic", rows),
            channel=_labels(table, "channel", rows), agent=_labels(table, "agent", rows),
            team=_labels(table, "team", rows),
        )  # fmt: skip

    @classmethod
    def _made_of(
        cls, source: Batch[Any], rows: Ints, at: Ints, ended_at: Ints, *, conversation: Any, team: Any, **columns: Any
    ) -> Self:
        """Contacts of some rows of another batch, with its customers, its zone and its own columns."""
        own = {name: _take(values, rows) for name, values in source._all_extra().items()}
        own["conversation"] = conversation
        if source.known("team"):
            own["team"] = team
        batch = cls(
            customer=_labels(source, "customer", rows), at=at.view("M8[us]"), ended_at=ended_at.view("M8[us]"),
            extra=own, tz=dt.UTC if source.aware else None, **columns,
        )  # fmt: skip
        batch.tz = source.tz
        return batch


def _earlier(one: Ints, other: Ints) -> Ints:
    """The earlier of two instants, that which is there where the other is missing."""
    return np.where((one == NAT) | ((other != NAT) & (other < one)), other, one)


def _of_customers(table: Conversations) -> npt.NDArray[np.bool_]:
    """Rows behind which a customer stands; of several rows of one conversation the one with the latest news."""
    ids = table.coded("id")
    kept = np.ones(len(table), dtype=np.bool_)
    if table.known("status"):
        status = table.coded("status")
        aside = [code for code, label in enumerate(status.labels) if status_reason(label) is not None]
        kept = ~np.isin(status.codes, aside)
    news = np.argsort(np.max([table.times(name) for name in table._instants], axis=0), kind="stable")
    latest = np.empty(len(ids.labels), dtype=np.int64)
    latest[ids.codes[news]] = news  # the last one stays
    kept &= ids.missing | (latest[ids.codes] == np.arange(len(table)))
    return kept
