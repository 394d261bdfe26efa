"""Style, panels and statistics that the figures in ``nvae.figures`` share."""
