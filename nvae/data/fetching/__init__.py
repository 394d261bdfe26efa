"""Raw files of the real data sets: where they are found, and how they are downloaded and checked."""
