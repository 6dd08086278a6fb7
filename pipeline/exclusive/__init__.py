"""Exclusive access of one run to OUT."""
