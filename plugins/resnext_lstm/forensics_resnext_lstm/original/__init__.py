"""The original system's network, for comparison: its checkpoints, its habits."""
