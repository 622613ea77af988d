"""Measurements by hand: what `make bench` and `make load` run. They print figures and judge nothing."""
