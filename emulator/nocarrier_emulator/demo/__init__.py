"""The main job, headless: two handhelds talk over lines that drop while one of them loses its power (play.py)."""
