"""The rooms of the emulated X."""
