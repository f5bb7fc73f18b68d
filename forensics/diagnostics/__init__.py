"""What `forensics doctor` looks at."""
