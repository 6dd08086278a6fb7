"""List the files in the inputs, and select those with the names of images."""
