"""Vaults of others, and ours, each driven the same way by a Python that has it installed."""
