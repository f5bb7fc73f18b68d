"""Weights measured and calibrated on data of known truth."""
