"""The pure core: encoded image in, smaller encoded images out. Needs Pillow and the standard library."""
