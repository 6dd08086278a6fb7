"""The command line: argv -> `Options`, without Beam."""
