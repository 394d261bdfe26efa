"""Application of trained models to images: encoding, generation and classification."""
