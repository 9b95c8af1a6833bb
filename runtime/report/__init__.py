"""What is told about a program and a run: costs, privacy, values, and how they read."""
