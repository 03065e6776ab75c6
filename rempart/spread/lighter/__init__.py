"""What stands before other packages in the processes of an engine (see on_ray)."""
