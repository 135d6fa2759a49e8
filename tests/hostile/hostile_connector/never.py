"""Importing this never ends."""

while True:
    pass
