"""What the figures share: style, panels and the statistics that are drawn. Each figure is in ``nvae.figures``."""
