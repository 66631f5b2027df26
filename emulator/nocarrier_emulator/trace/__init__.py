"""What happens in a world, written down line by line, without secrets."""
