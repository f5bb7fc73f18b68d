"""Methods for JPEG stills, one a module."""
