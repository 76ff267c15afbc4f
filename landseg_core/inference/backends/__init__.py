"""The ways to run a network on windows of native pixels."""
