"""Rules as values: what ends a wait, and what counts as good. Frozen, and part of the signature.

`ReplyPolicy` says how waits are found, and its presets how known systems find them; `ServiceTargets` says what was
promised. Knows `errors` and the names of statuses only; applies nothing itself.
"""

from ._presets import (
    BIRD,
    BIRD_2026,
    CHATWOOT,
    CHATWOOT_2026_07,
    DBT_ZENDESK,
    DBT_ZENDESK_2026,
    FRAPPE,
    FRAPPE_2026,
    FRONT,
    FRONT_2026,
    GORGIAS,
    GORGIAS_2026,
    INTERCOM,
    INTERCOM_2026,
    PLAIN,
    PLAIN_2026,
    ZAMMAD,
    ZAMMAD_2026,
    ZENDESK,
    ZENDESK_2026,
)
from ._rules import DEFAULT_POLICY, ReplyPolicy
from ._targets import TARGETS, ServiceTargets, channel_name, read_target

__all__ = [
    "BIRD",
    "BIRD_2026",
    "CHATWOOT",
    "CHATWOOT_2026_07",
    "DBT_ZENDESK",
    "DBT_ZENDESK_2026",
    "DEFAULT_POLICY",
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
    "TARGETS",
    "ZAMMAD",
    "ZAMMAD_2026",
    "ZENDESK",
    "ZENDESK_2026",
    "ReplyPolicy",
    "ServiceTargets",
    "channel_name",
    "read_target",
]
