"""Everything that has a screen."""
