"""The telephone line, its named profiles, and every way in which it fails."""
