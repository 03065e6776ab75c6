"""Rules over what was kept: logs packed as Parquet, then hunted here, in Ray or in Spark."""
