"""README's commands, run in a fresh clone. `make test-readme` runs these tests; by default pytest does not."""
