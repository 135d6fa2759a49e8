"""Parts of the emulated Meta that several of its sites share."""
