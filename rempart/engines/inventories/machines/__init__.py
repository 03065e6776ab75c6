"""What machines, and the tools that look at them, say is installed: package databases, exports, scans."""
