"""Slack, as far as OAuth and our tools reach: its state, and what it answers."""
