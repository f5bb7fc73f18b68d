"""From a recipe and prepared crops to a checkpoint."""
