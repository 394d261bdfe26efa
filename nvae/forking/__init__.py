"""Jobs that fork from one process in which everything is imported; see `nvae.forking.client`."""
