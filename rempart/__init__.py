"""Rempart: federated cyberdefence for a whole government."""
