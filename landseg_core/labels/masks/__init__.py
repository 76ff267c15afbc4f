"""Masks of class values: what their pixels mean, and what reads them."""
