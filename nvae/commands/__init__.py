"""One module a verb of the nvae command."""
