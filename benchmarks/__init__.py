"""What is measured, with the command that repeats it; `make bench` runs it."""
