"""Steady district heat: flow and temperature in supply and return, many cases at once."""
