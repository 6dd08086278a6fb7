"""README's commands, run in a fresh clone. `make test-readme` runs these tests; pytest does not look for them here."""
