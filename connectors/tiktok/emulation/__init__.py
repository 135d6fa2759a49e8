"""The rooms of the played TikTok."""
