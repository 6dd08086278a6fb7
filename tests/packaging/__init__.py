"""Tests of the installed package, away from the checkout."""
