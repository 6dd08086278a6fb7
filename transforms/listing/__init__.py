"""The files in the inputs, and which of them are images by their names."""
