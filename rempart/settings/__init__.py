"""Settings of the platform; every variable of the environment is read once, here, by a typed reader."""
