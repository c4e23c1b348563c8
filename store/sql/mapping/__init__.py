"""Between rows and the types of the model."""
