"""The numbers: plain numpy in, plain numpy out.

Nothing in here knows a record, a scale, an error class or an option it does not need.
Every function trusts its arguments; they were checked at the door.
"""
