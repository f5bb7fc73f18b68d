"""Methods for videos, one a module; none decodes a picture."""
