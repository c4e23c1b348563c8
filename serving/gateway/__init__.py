"""What a gateway answers and forwards."""
