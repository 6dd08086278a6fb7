"""From argv to options, without Beam."""
