"""Tests of the package as it is installed, away from the checkout."""
