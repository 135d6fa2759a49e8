"""The promises of speed, measured. Each stands beside its floor, in ratios from one run."""
