"""What answers while a person labels: cells of similar pixels, features, suggestions and corrections.

Only the encoder and the corrections need torch, and load it when a network runs.
"""
