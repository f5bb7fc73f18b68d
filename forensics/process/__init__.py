"""What a process may do, and where it computes: sandbox, Landlock, device."""
