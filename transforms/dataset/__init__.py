"""What lies in OUT."""
