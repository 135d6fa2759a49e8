"""What Facebook and Instagram share: one Graph API, one way to sign, one list of errors.

No connector: its name begins with an underscore. Only Meta's connectors import from here.
"""
