"""The fork server: jobs fork from one process in which everything is imported; see `nvae.forking.client`."""
