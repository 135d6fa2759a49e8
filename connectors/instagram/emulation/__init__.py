"""The rooms of the emulated Instagram Login."""
