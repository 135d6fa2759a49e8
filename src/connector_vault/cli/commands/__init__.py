"""One module a command; `listing` has two."""
