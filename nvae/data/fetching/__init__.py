"""Raw files of the real data sets: their sources, the download, and the check of the content."""
