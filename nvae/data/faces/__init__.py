"""Face images in the layout of Extended Yale B: reading, cropping, and selection by the angle of the light."""
