"""Inventories (spreadsheets, CycloneDX, SPDX) read into plain rows of installed software."""
