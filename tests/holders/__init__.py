"""Each key holder as tests open it: on the real part, with a key of its own."""
