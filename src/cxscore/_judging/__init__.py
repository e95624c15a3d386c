"""Judgements on results and groups; never on raw input."""
