"""What is installed on this machine: looked up where it is, sent only where its operator says."""
