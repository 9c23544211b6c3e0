"""What Softmark is measured against."""
