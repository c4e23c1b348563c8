"""Conversions between rows and the types of the model, one module for each kind of thing."""
