"""A simple model beside the real queue; run.py plays it."""
