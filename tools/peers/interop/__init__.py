"""What tools/interop runs: models, the matrix, logits, bit flips and layout traps."""
