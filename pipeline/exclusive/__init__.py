"""One run at a time on one OUT."""
