"""How fast training and the command are, beside what people would use instead; docs/performance.md explains."""
