"""The records of `records.py` in columns: what large input should come as.

A batch keeps one column per field, checks lengths and instants at once, and reads scores and labels
when a metric asks for them. Records become a batch at the door; a batch gives records back. Knows
`_inputs`, `records`, `errors` and what the core says a contact is; computes no figure.
"""

from ._base import Batch
from ._doors import as_batch, first_record
from ._kinds import Changes, Contacts, Conversations, Messages, Responses

__all__ = ["Batch", "Changes", "Contacts", "Conversations", "Messages", "Responses", "as_batch", "first_record"]
