"""What known systems compute, as policies with a date: what their code and pages said when they were read.

Each preset says where it was read and what of the system it cannot express. Knows `_rules` only.
"""

from __future__ import annotations

from datetime import timedelta

from ._rules import PRESETS, ReplyPolicy

__all__ = [
    "BIRD",
    "BIRD_2026",
    "CHATWOOT",
    "CHATWOOT_2026_07",
    "DBT_ZENDESK",
    "DBT_ZENDESK_2026",
    "FRAPPE",
    "FRAPPE_2026",
    "FRONT",
    "FRONT_2026",
    "GORGIAS",
    "GORGIAS_2026",
    "INTERCOM",
    "INTERCOM_2026",
    "PLAIN",
    "PLAIN_2026",
    "ZAMMAD",
    "ZAMMAD_2026",
    "ZENDESK",
    "ZENDESK_2026",
]

# Every value is written out, because the documentation shows these lines. None of these systems asks whether a bot
# alone answered: such a customer is still waiting for a person.

ZENDESK_2026 = ReplyPolicy(
    first_from="created",
    first_restarts=(),
    opened_by_agent="next_agent",
    first_is_reply=False,
    on_resolve="keeps_wait",
    one_touch="at_most_one",
    schedule_change="at_end",
    bot_only="waits",
    credit="assignee_now",
)
"""Zendesk's native metrics, as its help pages described them in 2026.

The first reply time runs from the creation of the ticket to the first public comment of an agent. Where an agent
opened it with a public comment, the next public comment of an agent ends it, whether the customer wrote or not.
Next replies run from the oldest unanswered customer comment and start after the first reply. Resolution runs from
the creation to the first and to the latest solving, without pauses. Business time is measured by the schedule that
applies at the end. One-touch is the published formula, fewer than two replies.

Source: Zendesk help, "About native Support time duration metrics", "Understanding ticket reply time", metric
reference of Explore. Its API keeps whole minutes: `attrs.evolve(policies.ZENDESK, unit="minute")`. Not expressed:
the clocks of its service level agreements (which begin at the first public customer comment where a ticket began
privately and are fulfilled by solving), the other one-touch of its messaging
(`one_touch="never_waited"`), light agents, side conversations and ticket sharing.
"""

DBT_ZENDESK_2026 = ReplyPolicy(
    first_from="created",
    first_restarts=(),
    opened_by_agent="next_agent",
    on_resolve="keeps_wait",
    per_conversation="sum",
    bot_only="waits",
)
"""What the dbt package `dbt_zendesk` computes from an export of Zendesk.

As Zendesk, but a change of schedule counts each part under its own schedule, the first response is one of the
replies, and replies are summed by ticket.

Source: fivetran/dbt_zendesk at d4a8aa378862 (2026), models and DECISIONLOG.md. Not expressed: minutes counted by the
boundaries that a warehouse's datediff crosses, the role that an author had at the time (give it as the author), one
reply a chat session.
"""

CHATWOOT_2026_07 = ReplyPolicy(
    first_from="created",
    first_restarts=("handoff", "opened", "bot_resolved"),
    opened_by_agent="answer",
    first_is_reply=False,
    bot="ends_wait",
    on_resolve="drops_wait",
    resolution="each",
    resolved=("solved",),
    reopened_from=("solved",),
    no_hours="zero",
    bot_only="waits",
    credit="assignee_then",
)
"""Chatwoot as of July 2026 (version 4.15).

The first response starts at the latest hand-off or change to open before it, else at a resolution by a bot, else at
creation; it is recorded once a conversation, and an agent's opening message is one. A reply starts at the first
unanswered customer message; a bot's message or a resolution drops the wait. Every resolution counts on its own,
each from the creation.

Source: chatwoot/chatwoot at a61a8bfbc63b (2026-07-17), listeners, helpers and their specs. The definition has changed
often: before 2026-01-07 `bot="ignore"`, before 2025-08-13 `first_restarts={"handoff"}`, before 2025-06-27
`on_resolve="keeps_wait"`. Not expressed: credit of the first response to its author beside credit of replies to the
assignee, the day of 23 h 59 min that its reports make of "open all day" (write 23:59 into the hours), the settings
of the moment a figure was recorded, conversations that a human answer itself takes out of the hands of its
assistant, hand-over messages marked to keep the wait.
"""

ZAMMAD_2026 = ReplyPolicy(
    first_from="created",
    first_restarts=(),
    opened_by_agent="answer",
    on_resolve="keeps_wait",
    resolution="first",
    resolved=("closed",),
    paused={
        "first": ("pending", "closed", "merged", "removed"),
        "reply": ("pending", "closed", "merged", "removed"),
        "resolution": ("pending", "closed", "merged", "removed"),
    },
    reopened_from=("closed", "merged", "removed"),
    unit="minute",
    per_conversation="longest",
    one_touch=timedelta(minutes=15),
    bot_only="waits",
)
"""Zammad's escalation times and reports.

All clocks run in working time from the creation and stand still while the ticket is pending, closed, merged or
removed. The longest wait for a reply is kept by ticket. The solution is the first closing. Everything is counted in
whole minutes. `pending` stands for both of Zammad's pending states.

Source: zammad/zammad `lib/escalation.rb` and `sets_close_time.rb` at 4ca1e987bc05 (2026), specs of 2021-2022. With the
setting "based on customer reaction": `wait_from="last_customer"`. With update time between agents' replies:
`wait_from="previous_answer"`. Not expressed: seconds that its minute-wise breaks lose, the dependence on the order in
which a ticket was saved, times recalculated when another agreement comes to apply, windows cut at the first closing.
"""

INTERCOM_2026 = ReplyPolicy(
    first_restarts=(),
    on_resolve="keeps_wait",
    resolution_from="first_customer",
    counted_at="start",
    one_touch="one_closer",
    bot_only="waits",
)
"""Intercom's statistics of conversations.

Everything starts at the customer's first message, also where a teammate opened the conversation. Bots never answer.
First and last closing are both measured from there. A figure belongs to the period in which the conversation started.

Source: Intercom help, "Reporting metrics for REST API and CSV exports" (excerpts), Intercom-OpenAPI at 8889625a7b93.
How it treats a run of customer messages is not printed; the first unanswered one is assumed. Not expressed: an
attribute that was collected before the first text, handling time, the hours of the team beside the default ones
(give `hours` by schedule), the time to the assignment of a teammate.
"""

GORGIAS_2026 = ReplyPolicy(
    first_restarts=(),
    opened_by_agent="exclude",
    on_resolve="keeps_wait",
    resolution_from="first_customer",
    resolved=("solved", "closed", "snoozed"),
    bot_only="waits",
)
"""Gorgias' statistics.

First response from the customer's first message to the first message of an agent, calendar time; tickets that an
agent started are left out. Resolution from the first customer message to the last closing; a snoozed ticket is closed
until it wakes.

Source: Gorgias docs, "How Metrics are Calculated" (excerpt; that the last closing counts is printed by the nearly
identical page of Redo). Its definition of one-touch was not seen. Not expressed: replies that were sent outside the
help desk (leave them out of the log), the separate response time after a hand-off by its AI.
"""

FRAPPE_2026 = ReplyPolicy(
    first_from="created",
    first_restarts=(),
    opened_by_agent="answer",
    status_answers=("pending", "solved"),
    on_resolve="keeps_wait",
    paused={"resolution": ("pending", "solved")},
    bot_only="waits",
)
"""Frappe Helpdesk.

First response from creation to the first e-mail of an agent, or to the first change to a paused or resolved status.
Resolution is working time from creation without the time on hold. `pending` stands for its paused statuses, `solved`
for Resolved.

Source: frappe/helpdesk at 6018181a356d (2026), `hd_ticket` and its tests. Not expressed: the last hold before a
resolution, which it forgets where a ticket goes from paused to resolved at once.
"""

FRONT_2026 = ReplyPolicy(
    first_restarts=(),
    on_resolve="keeps_wait",
    resolution="sum_of_replies",
    resolved=("closed", "snoozed"),
    bot_only="waits",
)
"""Front's analytics; `closed` stands for archived.

A reply time runs from a customer's first unanswered message to the reply. Total reply time, formerly resolution time,
is the sum of the reply times of an archived or snoozed conversation with at least one reply.

Source: Front help, "Analytics resolution examples" and its neighbours (excerpts). Not expressed: segments of a
conversation with a first response each, handle time out of drafts.
"""

PLAIN_2026 = ReplyPolicy(
    first_restarts=(),
    opened_by_agent="exclude",
    wait_from="previous_answer",
    first_is_reply=False,
    on_resolve="keeps_wait",
    resolution_from="first_customer",
    reopened_from=("solved", "closed", "snoozed"),
    bot_only="waits",
)
"""Plain's reports; `solved` stands for Done.

First response from the first inbound message to the first reply by a person; threads that staff opened are left out.
The next response time is the gap between two replies of people, whatever the customer wrote between.

Source: Plain docs, pages on its metrics (nearly whole). Not expressed: its service level agreements, which run from
the customer's message, and resolutions by "waiting for customer".
"""

BIRD_2026 = ReplyPolicy(
    first_from="created",
    first_restarts=(),
    opened_by_agent="answer",
    on_resolve="keeps_wait",
    bot_only="waits",
)
"""Bird (MessageBird) Inbox.

First response from creation to the first message of an agent, resolution from creation to the last resolving.
Accepting a ticket is no answer.

Source: Bird docs, "Inbox reports in action" (a worked example). How it treats conversations that an agent opened is
not printed.
"""

ZENDESK = ZENDESK_2026
"""The newest `ZENDESK_...`; figures quote the dated name."""
DBT_ZENDESK = DBT_ZENDESK_2026
"""The newest `DBT_ZENDESK_...`."""
CHATWOOT = CHATWOOT_2026_07
"""The newest `CHATWOOT_...`."""
ZAMMAD = ZAMMAD_2026
"""The newest `ZAMMAD_...`."""
INTERCOM = INTERCOM_2026
"""The newest `INTERCOM_...`."""
GORGIAS = GORGIAS_2026
"""The newest `GORGIAS_...`."""
FRAPPE = FRAPPE_2026
"""The newest `FRAPPE_...`."""
FRONT = FRONT_2026
"""The newest `FRONT_...`."""
PLAIN = PLAIN_2026
"""The newest `PLAIN_...`."""
BIRD = BIRD_2026
"""The newest `BIRD_...`."""

PRESETS.update(
    {
        ZENDESK_2026: "zendesk@2026",
        DBT_ZENDESK_2026: "dbt_zendesk@2026",
        CHATWOOT_2026_07: "chatwoot@2026-07",
        ZAMMAD_2026: "zammad@2026",
        INTERCOM_2026: "intercom@2026",
        GORGIAS_2026: "gorgias@2026",
        FRAPPE_2026: "frappe@2026",
        FRONT_2026: "front@2026",
        PLAIN_2026: "plain@2026",
        BIRD_2026: "bird@2026",
    }
)
