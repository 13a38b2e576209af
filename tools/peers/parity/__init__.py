"""The attacks of Retort and of its peers on the same weights and images."""
