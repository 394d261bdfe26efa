"""Speed of training and of the commands, compared with common alternatives; see docs/performance.md."""
