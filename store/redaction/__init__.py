"""What must not be kept: secrets are found and replaced."""
