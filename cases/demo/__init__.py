"""The demonstration clinic: made at the first start, so that a newcomer has something to look at."""
