"""The rooms of the emulated Facebook."""
