"""A connector whose author wants out: of the deadline, of the sandbox, of the wire."""
